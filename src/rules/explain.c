/*
 * The rule that decided, in words. Asks rules_pick and rules_match themselves, and only then looks
 * for words: what is said cannot differ from what is done.
 */
#include "ingest/base.h"
#include "rules_priv.h"

static int
shown(struct slice s)
{
    return s.n < 80 ? (int)s.n : 80;
}

/* Which pattern makes the user agent what it is. */
static void
explain_class(const struct rules *rules, struct slice agent, char *why, size_t cap)
{
    struct agent_finding found;
    size_t n = strlen(why);

    if (rules->agents == NULL)
        return;
    agents_find(rules->agents, agent, &found);
    snprintf(why + n, cap - n, ", which is %s: %s%.80s%s", agent_class_name(found.class),
             found.pattern == NULL ? "no pattern fits" : "pattern ",
             found.pattern == NULL ? "" : found.pattern,
             found.file == NULL && found.pattern != NULL ? ", built in" : "");
    n = strlen(why);
    if (found.file != NULL)
        snprintf(why + n, cap - n, " of %s:%" PRIu64, found.file, found.line_no);
}

static void
explain_pick(const struct rules *rules, const struct record *rec, enum reason reason, char *why,
             size_t cap)
{
    const struct rule_pack *pack = rules->pack;
    char day[11] = "-";

    switch (reason) {
    case FILTER_METHOD:
        snprintf(why, cap, "pack %s does not count method \"%.*s\"", pack->name,
                 shown(rec->method), rec->method.n > 0 ? rec->method.p : "");
        return;
    case FILTER_STATUS:
        snprintf(why, cap, "pack %s does not count status %u", pack->name, rec->status);
        return;
    case FILTER_RANGE:
        snprintf(why, cap, "pack %s counts a 206 that starts at byte 0, and this %s", pack->name,
                 rec->range == RANGE_LATER ? "starts later" : "log does not say where it starts");
        return;
    case FILTER_DROP_IF:
        snprintf(why, cap, "pack %s drops lines whose %s is \"%.*s\"", pack->name, pack->drop_key,
                 shown(rec->marked), rec->marked.p);
        return;
    case FILTER_MIN_BYTES:
        snprintf(why, cap, "pack %s wants at least %" PRId64 " bytes, and this has %" PRId64,
                 pack->name, pack->min_bytes, rec->bytes);
        return;
    case FILTER_AGENT:
        snprintf(why, cap, "pack %s does not count user agent \"%.*s\"", pack->name,
                 shown(rec->agent), rec->agent.p != NULL ? rec->agent.p : "");
        explain_class(rules, rec->agent, why, cap);
        return;
    case FILTER_DATE_RANGE:
        if (rec->day != DAY_NONE)
            clock_format_day(rec->day, day);
        snprintf(why, cap, "day %s is outside --since and --until", day);
        return;
    default:
        snprintf(why, cap, "%s", reason_about(reason));
    }
}

static const struct route *
route_that_fits(const struct rules *rules, struct slice path, char *room)
{
    struct route_match match;

    for (size_t i = 0; i < rules->n_routes; i++)
        if (route_match(&rules->routes[i], path, room, &match))
            return &rules->routes[i];
    return NULL;
}

enum reason
rules_explain(const struct rules *rules, const struct record *rec, char *why, size_t cap)
{
    enum reason reason = rules_pick(rules, rec);
    struct route_match match;
    char *scratch;
    struct slice path;

    if (reason != KEEP) {
        explain_pick(rules, rec, reason, why, cap);
        return reason;
    }
    if (rec->given != NULL && rec->given->name.p != NULL) {
        snprintf(why, cap, "the log gives the name itself");
        return KEEP;
    }
    if ((scratch = malloc(rec->path.n + ROUTE_ROOM)) == NULL) {
        snprintf(why, cap, "no memory for the path");
        return FILTER_NOT_A_DOWNLOAD;
    }
    path = path_clean(rec->path, rec->path_decodes, scratch + ROUTE_ROOM);
    if (rec->path.p != NULL && rules_match(rules, path, scratch, &match)) {
        const struct route *route = route_that_fits(rules, path, scratch);

        snprintf(why, cap, "route %s of %s fits", route == NULL ? "?" : route->about,
                 match.ecosystem);
    } else {
        reason = FILTER_NOT_A_DOWNLOAD;
        snprintf(why, cap, "none of %zu routes of pack %s fits path \"%.*s\"", rules->n_routes,
                 rules->pack->name, shown(path), path.n > 0 ? path.p : "");
    }
    free(scratch);
    return reason;
}
