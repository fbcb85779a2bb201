/*
 * What counts, put together: a pack, the routes that go with it, the window of days, and the
 * fingerprint of it all. dataset/ asks rules_pick (pick.c) and rules_match (match.c) for every
 * record.
 */
#include "ingest/rules.h"
#include "rules_priv.h"

/* ---- routes ---- */

/* Takes a builtin route if the pack wants its ecosystem: a pack of one turns the others off. */
static bool
is_wanted(const struct rule_pack *pack, const struct builtin_route *b)
{
    if (pack->ecosystem == NULL)
        return !b->by_name_only;
    return strcmp(pack->ecosystem, b->ecosystem) == 0;
}

static enum st
add_builtin(struct rules *rules, const struct builtin_route *b, struct err *err)
{
    struct route *route = &rules->routes[rules->n_routes];
    enum st st = ST_OK;

    if (b->matcher != NULL)
        *route = (struct route){ .text = slice_of(b->text),
                                 .matcher = b->matcher,
                                 .tails = b->tails };
    else
        st = route_compile(route, slice_of(b->text), &rules->arena, err);
    if (st != ST_OK)
        return st;
    while (b->matcher != NULL && route->n_tails < ARRAY_LEN(b->tails) &&
           b->tails[route->n_tails] != NULL)
        route->n_tails++;
    route->ecosystem = b->ecosystem;
    route->about = b->text;
    route->semver = b->semver;
    route->normaliser = b->normaliser;
    for (size_t i = 0; b->split_first && i < route->n_segments; i++)
        route->segments[i].split = SPLIT_FIRST;
    rules->n_routes++;
    return ST_OK;
}

static enum st
add_template(struct rules *rules, const char *text, struct err *err)
{
    struct route *route = &rules->routes[rules->n_routes];
    struct slice copy = arena_copy(&rules->arena, (struct slice){ text, strlen(text) + 1 });
    enum st st;

    if (copy.p == NULL)
        return err_memory(err, "cannot hold the routes");
    copy.n--;
    if ((st = route_compile(route, copy, &rules->arena, err)) != ST_OK)
        return st;
    route->ecosystem = rules->pack->ecosystem != NULL ? rules->pack->ecosystem : "custom";
    route->about = copy.p;
    rules->n_routes++;
    return ST_OK;
}

static enum st
add_routes(struct rules *rules, const char *const *templates, size_t n_templates, struct err *err)
{
    const struct rule_pack *pack = rules->pack;
    enum st st = ST_OK;

    rules->routes = arena_alloc(
        &rules->arena, (n_templates + pack->n_routes + n_builtin_routes) * sizeof(struct route));
    if (rules->routes == NULL)
        return err_memory(err, "cannot hold the routes");
    for (size_t i = 0; st == ST_OK && i < n_templates; i++)
        st = add_template(rules, templates[i], err);
    for (size_t i = 0; st == ST_OK && i < pack->n_routes; i++)
        st = add_template(rules, pack->routes[i], err);
    for (size_t i = 0; st == ST_OK && i < n_builtin_routes; i++)
        if (is_wanted(pack, &builtin_routes[i]))
            st = add_builtin(rules, &builtin_routes[i], err);
    return st;
}

/* ---- all of it ---- */

static enum st
take_pack(struct rules *rules, const struct rule_pack *pack, struct err *err)
{
    struct rule_pack *copy = arena_alloc(&rules->arena, sizeof *copy);

    if (copy == NULL)
        return err_memory(err, "cannot hold the rules");
    *copy = pack != NULL ? *pack : *rule_pack_by_name(NULL);
    rules->pack = copy;
    if (copy->n_methods == 1)
        rules->method = slice_of(copy->methods[0]);
    for (size_t i = 0; i < copy->n_statuses; i++)
        rules->statuses[copy->statuses[i] / 64] |= UINT64_C(1) << copy->statuses[i] % 64;
    return ST_OK;
}

/* Of days that are open: what counts, whichever they are. */
static enum st
take_kind(struct rules *rules, struct err *err)
{
    struct rules dayless = *rules;
    char *canonical;

    dayless.since = dayless.until = DAY_NONE;
    if ((canonical = rules_canonical(&dayless)) == NULL)
        return err_memory(err, "cannot write down the rules");
    rules->kind = hash_plain(canonical, strlen(canonical));
    free(canonical);
    return ST_OK;
}

enum st
rules_init(struct rules *rules, const struct rule_pack *pack, const char *const *templates,
           size_t n_templates, int32_t since, int32_t until, struct err *err)
{
    char *canonical = NULL;
    enum st st;

    *rules = (struct rules){ .since = since, .until = until };
    arena_init(&rules->arena, SIZE_MAX);
    if ((st = take_pack(rules, pack, err)) == ST_OK)
        st = add_routes(rules, templates, n_templates, err);
    if (st == ST_OK && rules->pack->agent.classes != AGENT_CLASSES_ALL)
        st = agents_new(&rules->agents, rules->pack->agent.files, err);
    if (st == ST_OK && rules->pack->country_file != NULL)
        st = country_open(&rules->countries, rules->pack->country_file, err);
    if (st == ST_OK)
        st = route_index_make(rules, err);
    rules->asks_more = st == ST_OK && pick_asks_more(rules);
    if (st == ST_OK)
        st = take_kind(rules, err);
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
rules_extend(struct rules *rules, const struct networks *networks)
{
    struct digest both[2];

    rules->networks = networks;
    if (networks == NULL)
        return;
    rules->kind.b[0] ^= 1; /* the list grows year by year, and what counts stays the same */
    both[0] = rules->id;
    both[1] = networks_id(networks);
    rules->id = hash_plain(both, sizeof both);
}

void
rules_release(struct rules *rules)
{
    if (rules == NULL)
        return;
    agents_free(rules->agents);
    country_close(rules->countries);
    rules->agents = NULL;
    rules->countries = NULL;
    arena_release(&rules->arena);
    rules->routes = NULL;
    rules->n_routes = 0;
}
