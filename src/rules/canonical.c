/*
 * Rules as text: what the fingerprint is made of, and what `ingest explain --rules` shows.
 */
#include "ingest/buf.h"
#include "ingest/rules.h"
#include "rules_priv.h"

static void
put_day(struct buf *b, const char *word, int32_t day)
{
    char text[11] = "-";

    if (day != DAY_NONE)
        clock_format_day(day, text);
    buf_printf(b, "%s %s\n", word, text);
}

static void
put_quoted(struct buf *b, const char *text)
{
    buf_text(b, " ");
    buf_json(b, slice_of(text));
}

static void
put_requests(struct buf *b, const struct rule_pack *pack)
{
    buf_text(b, "methods");
    for (size_t i = 0; i < pack->n_methods; i++)
        put_quoted(b, pack->methods[i]);
    buf_text(b, pack->n_methods == 0 ? " any\nstatuses" : "\nstatuses");
    for (size_t i = 0; i < pack->n_statuses; i++)
        buf_printf(b, " %u", pack->statuses[i]);
    if (pack->range.kind == RANGE_UNION)
        buf_printf(b, "\nrange union %" PRIu32 "\n", pack->range.share);
    else
        buf_printf(b, "\nrange %s\n",
                   pack->range.kind == RANGE_FROM_ZERO ? "from_zero" : "never");
    buf_text(b, "drop_if");
    if (pack->drop_key != NULL)
        put_quoted(b, pack->drop_key);
    if (pack->drop_key != NULL && pack->drop_value != NULL)
        put_quoted(b, pack->drop_value);
    buf_printf(b, "%s\nmin_bytes %" PRId64 "\n", pack->drop_key == NULL ? " -" : "",
               pack->min_bytes);
}

const char *
agent_class_name(enum agent_class class)
{
    static const char *const names[AGENT_CLASSES_N] = {
        [AGENT_UNKNOWN] = "unknown", [AGENT_CLIENT] = "client", [AGENT_BROWSER] = "browser",
        [AGENT_ROBOT] = "robot",     [AGENT_MIRROR] = "mirror",
    };

    return names[class];
}

static void
put_agents(struct buf *b, const struct agent_rule *rule, const struct agents *agents)
{
    buf_text(b, "agent_prefixes");
    for (size_t i = 0; i < rule->n_prefixes; i++)
        put_quoted(b, rule->prefixes[i]);
    buf_text(b, rule->n_prefixes == 0 ? " any\nagents" : "\nagents");
    if (rule->classes == AGENT_CLASSES_ALL)
        buf_text(b, " any");
    else
        for (int class = 0; class < AGENT_CLASSES_N; class++)
            if (rule->classes & AGENT_CLASS_BIT(class))
                buf_printf(b, " %s", agent_class_name((enum agent_class)class));
    if (agents != NULL) { /* not which files: what stands in them */
        struct digest id = agents_id(agents);

        buf_text(b, " by ");
        buf_hex(b, id.b, sizeof id.b);
    }
    buf_text(b, "\n");
}

static void
put_clients(struct buf *b, const struct rule_pack *pack)
{
    switch (pack->window.kind) {
    case WINDOW_NONE:
        buf_text(b, "window none\n");
        break;
    case WINDOW_SECONDS:
        buf_printf(b, "window %" PRIu32 "s\n", pack->window.seconds);
        break;
    case WINDOW_DAY:
        buf_text(b, "window day\n");
        break;
    }
    buf_printf(b, "client %s\ntrusted_proxies",
               pack->client.from == CLIENT_FROM_NONE ? "none" : "peer");
    for (size_t i = 0; i < pack->client.n_trusted_proxies; i++) {
        char text[CIDR_TEXT];

        cidr_format(&pack->client.trusted_proxies[i], text);
        buf_printf(b, " %s", text);
    }
    buf_text(b, pack->client.n_trusted_proxies == 0 ? " -\n" : "\n");
    /* Not which file: it is renewed every week, and every host keeps it elsewhere. */
    buf_printf(b, "country %s\n", pack->country_file != NULL ? "log file" : "log");
}

const char *
media_filter_name(enum media_filter filter)
{
    static const char *const names[MEDIA_FILTERS_N] = {
        [MEDIA_BLUR] = "blur",     [MEDIA_CROP] = "crop",           [MEDIA_IDENTITY] = "identity",
        [MEDIA_RESIZE] = "resize", [MEDIA_THUMBNAIL] = "thumbnail",
    };

    return names[filter];
}

/* Only if it is said: what was counted without has the fingerprint that it had before. */
static void
put_media_filters(struct buf *b, unsigned filters)
{
    if (filters == 0 || filters == MEDIA_FILTERS_ALL)
        return;
    buf_text(b, "media_filters");
    for (int f = 0; f < MEDIA_FILTERS_N; f++)
        if (filters & 1u << f)
            buf_printf(b, " %s", media_filter_name((enum media_filter)f));
    buf_text(b, "\n");
}

static const char *
split_name(const struct route *route)
{
    static const char *const names[] = {
        [SPLIT_NUMERIC] = "numeric", [SPLIT_FIRST] = "first", [SPLIT_LAST] = "last",
    };

    for (size_t i = 0; i < route->n_segments; i++)
        if (route->segments[i].second != PIECE_NONE)
            return names[route->segments[i].split];
    return "-";
}

static void
put_route(struct buf *b, const struct route *route)
{
    if (route->matcher != NULL) {
        buf_printf(b, "route %s ", route->ecosystem);
        buf_add_slice(b, route->text);
        buf_text(b, "\n");
        return;
    }
    buf_printf(b, "route %s split=%s version=%s ", route->ecosystem, split_name(route),
               route->semver ? "semver" : "any");
    buf_add_slice(b, route->text);
    buf_text(b, "\n");
}

/*
 * Effects only, not the pack's name: two packs that count alike have one id. A change in what any
 * of these words means must change a word, or the number in the first line. Texts are quoted or
 * hold no control bytes, so a line is a line.
 */
char *
rules_canonical(const struct rules *rules)
{
    const struct rule_pack *pack = rules->pack;
    struct buf b = { 0 };

    buf_printf(&b, "ingest-rules 2\nversion %u\n", pack->version);
    put_requests(&b, pack);
    put_agents(&b, &pack->agent, rules->agents);
    put_clients(&b, pack);
    put_media_filters(&b, pack->media_filters);
    put_day(&b, "since", rules->since);
    put_day(&b, "until", rules->until);
    buf_printf(&b, "normalise %s\n", pack->normalise ? "yes" : "no");
    for (size_t i = 0; i < rules->n_routes; i++)
        put_route(&b, &rules->routes[i]);
    if (buf_str(&b) == NULL || b.failed) {
        buf_release(&b);
        return NULL;
    }
    return b.p;
}
