/*
 * `ingest token`: tokens, by which nodes are known. A new one is shown once, alone on standard
 * output, so that it can be led into a file; no other command knows it.
 */
#include "ingest/base.h"

#include <sodium.h>

#include "ingest/clock.h"
#include "ingest/nodes.h"
#include "ingest/num.h"

#include "subcommand.h"

static enum st
check_day(const struct options *o, enum option_id id, struct err *err)
{
    int32_t day;

    if (o->value[id].text == NULL || clock_parse_day(slice_of(o->value[id].text), &day))
        return ST_OK;
    return options_bad_value(o, id, "a day is written YYYY-MM-DD", err);
}

static void
show(const struct options *o, const char *node, const struct token_new *made)
{
    if (option_is_on(o, OPT_JSON)) {
        printf("{\"id\":%" PRId32 ",\"node\":", made->id);
        say_json(stdout, node, strlen(node));
        printf(",\"token\":\"%s\"}\n", made->token);
    } else {
        printf("%s\n", made->token);
    }
    if (made->in_clear)
        say_note("token %" PRId32 ": this database is EIDA's own: it keeps the token itself,"
                 " for its web service to compare",
                 made->id);
    else if (!option_is_on(o, OPT_QUIET))
        say_note("token %" PRId32 ": it is shown this once; the database keeps its SHA-256",
                 made->id);
}

static enum st
add(struct pg *pg, const struct options *o, struct err *err)
{
    const char *node = o->arguments[2];
    struct token_new made;
    enum st rc;

    if ((rc = check_day(o, OPT_VALID_FROM, err)) != ST_OK ||
        (rc = check_day(o, OPT_VALID_UNTIL, err)) != ST_OK)
        return rc;
    rc = tokens_add(pg, node, o->value[OPT_VALID_FROM].text, o->value[OPT_VALID_UNTIL].text, &made,
                    err);
    if (rc == ST_OK)
        show(o, node, &made);
    sodium_memzero(&made, sizeof made);
    return rc;
}

static enum st
list(struct pg *pg, const struct options *o, struct err *err)
{
    static const struct table_column columns[] = {
        [TOKENS_ID] = { "id", true },
        [TOKENS_NODE] = { "node", false },
        [TOKENS_FROM] = { "valid_from", false },
        [TOKENS_UNTIL] = { "valid_until", false },
        [TOKENS_STATE] = { "state", false },
        [TOKENS_CREATED] = { "created_at", false },
    };
    struct pg_result *r;
    enum st rc = tokens_list(pg, o->n_arguments > 2 ? o->arguments[2] : NULL, &r, err);

    if (rc != ST_OK)
        return rc;
    table_print(r, columns, ARRAY_LEN(columns), option_is_on(o, OPT_JSON));
    pg_free(r);
    return ST_OK;
}

static enum st
revoke_one(struct pg *pg, const struct options *o, struct err *err)
{
    int64_t id;

    if (!num_u63(slice_of(o->arguments[2]), &id) || id > INT32_MAX) {
        err_fail(err, ST_USAGE, "cannot revoke a token", "\"%.80s\" is no id", o->arguments[2]);
        err_hint(err, "`ingest token list` has the ids");
        return ST_USAGE;
    }
    return tokens_revoke(pg, (int32_t)id, err);
}

int
cli_token(const struct options *o)
{
    static const struct subcommand all[] = {
        { "add", "NODE [--valid-from DAY] [--valid-until DAY]", 1, 1, add },
        { "list", "[NODE] [--json]", 0, 1, list },
        { "revoke", "ID", 1, 1, revoke_one },
    };

    return subcommand_run(o, "token", all, ARRAY_LEN(all));
}
