/*
 * What counts, put together: a pack, the routes that go with it, the window of days, and the
 * fingerprint of it all. dataset/ asks rules_pick and rules_match for every record.
 */
#include "ingest/rules.h"
#include "ingest/buf.h"
#include "rules_priv.h"

/* ---- choosing ---- */

static const struct rule_pack *
pack_by_name(const char *name)
{
    for (size_t i = 0; i < n_rule_packs; i++)
        if (strcmp(rule_packs[i].name, name) == 0)
            return &rule_packs[i];
    return NULL;
}

static enum st
no_such_pack(const char *name, struct err *err)
{
    char names[160] = "";

    for (size_t i = 0; i < n_rule_packs; i++) {
        size_t n = strlen(names);

        snprintf(names + n, sizeof names - n, "%s%s", i == 0 ? "" : ", ", rule_packs[i].name);
    }
    err_set(err, ST_USAGE, "no rule pack \"%.60s\"", name);
    err_hint(err, "the packs are %s", names);
    return ST_USAGE;
}

/* Takes a builtin route if the pack wants its ecosystem: a pack of one turns the others off. */
static bool
is_wanted(const struct rule_pack *pack, const struct builtin_route *b)
{
    return pack->ecosystem == NULL || strcmp(pack->ecosystem, b->ecosystem) == 0;
}

static enum st
add_builtin(struct rules *rules, const struct builtin_route *b, struct err *err)
{
    struct route *route = &rules->routes[rules->n_routes];
    enum st st = route_compile(route, slice_of(b->text), &rules->arena, err);

    if (st != ST_OK)
        return st;
    route->ecosystem = b->ecosystem;
    route->semver = b->semver;
    for (size_t i = 0; b->split_first && i < route->n_segments; i++)
        route->segments[i].split = SPLIT_FIRST;
    rules->n_routes++;
    return ST_OK;
}

static enum st
add_template(struct rules *rules, const char *text, struct err *err)
{
    struct route *route = &rules->routes[rules->n_routes];
    struct slice copy = arena_copy(&rules->arena, slice_of(text));
    enum st st;

    if (copy.p == NULL)
        return err_memory(err, "cannot hold the routes");
    if ((st = route_compile(route, copy, &rules->arena, err)) != ST_OK)
        return st;
    route->ecosystem = rules->pack->ecosystem != NULL ? rules->pack->ecosystem : "custom";
    rules->n_routes++;
    return ST_OK;
}

static enum st
add_routes(struct rules *rules, const char *const *templates, size_t n_templates, struct err *err)
{
    enum st st = ST_OK;

    rules->routes =
        arena_alloc(&rules->arena, (n_templates + n_builtin_routes) * sizeof(struct route));
    if (rules->routes == NULL)
        return err_memory(err, "cannot hold the routes");
    for (size_t i = 0; st == ST_OK && i < n_templates; i++)
        st = add_template(rules, templates[i], err);
    for (size_t i = 0; st == ST_OK && i < n_builtin_routes; i++)
        if (is_wanted(rules->pack, &builtin_routes[i]))
            st = add_builtin(rules, &builtin_routes[i], err);
    return st;
}

enum st
rules_init(struct rules *rules, const char *pack_name, const char *const *templates,
           size_t n_templates, int32_t since, int32_t until, struct err *err)
{
    char *canonical = NULL;
    enum st st;

    *rules = (struct rules){ .pack = pack_by_name(pack_name != NULL ? pack_name : "default"),
                             .since = since, .until = until };
    arena_init(&rules->arena, SIZE_MAX);
    if (rules->pack == NULL)
        return no_such_pack(pack_name, err);
    st = add_routes(rules, templates, n_templates, err);
    if (st == ST_OK && (canonical = rules_canonical(rules)) == NULL)
        st = err_memory(err, "cannot write down the rules");
    if (canonical == NULL) {
        rules_release(rules);
        return st;
    }
    rules->id = hash_plain(canonical, strlen(canonical));
    free(canonical);
    return ST_OK;
}

void
rules_release(struct rules *rules)
{
    if (rules == NULL)
        return;
    arena_release(&rules->arena);
    rules->routes = NULL;
    rules->n_routes = 0;
}

/* ---- the text that the fingerprint is made of ---- */

static void
put_day(struct buf *b, const char *word, int32_t day)
{
    char text[11] = "-";

    if (day != DAY_NONE)
        clock_format_day(day, text);
    buf_printf(b, "%s %s\n", word, text);
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

/*
 * Effects only, not the pack's name: two packs that count alike have one id. A change in what any
 * of these words means must change a word, or the "1" in the first line. Templates hold no control
 * bytes, so a line is a line.
 */
char *
rules_canonical(const struct rules *rules)
{
    const struct rule_pack *pack = rules->pack;
    struct buf b = { 0 };

    buf_text(&b, "ingest-rules 1\n");
    buf_printf(&b, "methods %s\n", pack->any_method ? "*" : "GET");
    buf_printf(&b, "statuses 200%s%s\n", pack->counts_206 ? " 206-from-0" : "",
               pack->counts_304 ? " 304" : "");
    buf_printf(&b, "agent %s\n", agent_name(pack->agent));
    put_day(&b, "since", rules->since);
    put_day(&b, "until", rules->until);
    for (size_t i = 0; i < rules->n_routes; i++) {
        const struct route *route = &rules->routes[i];

        buf_printf(&b, "route %s split=%s version=%s ", route->ecosystem, split_name(route),
                   route->semver ? "semver" : "any");
        buf_add_slice(&b, route->text);
        buf_text(&b, "\n");
    }
    if (buf_str(&b) == NULL || b.failed) {
        buf_release(&b);
        return NULL;
    }
    return b.p;
}

/* ---- asking ---- */

bool
rules_match(const struct rules *rules, struct slice path, struct route_match *out)
{
    for (size_t i = 0; i < rules->n_routes; i++)
        if (route_match(&rules->routes[i], path, out))
            return true;
    return false;
}

enum reason
rules_pick(const struct rules *rules, const struct record *rec)
{
    const struct rule_pack *pack = rules->pack;

    if (!pack->any_method && !slice_is(rec->method, "GET"))
        return FILTER_METHOD;
    if (rec->status == 206 && pack->counts_206) {
        if (rec->range != RANGE_ZERO)
            return FILTER_RANGE;
    } else if (rec->status != 200 && !(rec->status == 304 && pack->counts_304)) {
        return FILTER_STATUS;
    }
    if (!agent_counts(pack->agent, rec->agent))
        return FILTER_AGENT;
    return rules_has_day(rules, rec->day) ? KEEP : FILTER_DATE_RANGE;
}
