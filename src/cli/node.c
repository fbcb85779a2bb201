/*
 * `ingest node`: who submits: EIDA's table of nodes, looked after by whoever runs the database.
 */
#include "ingest/base.h"

#include "ingest/nodes.h"

#include "subcommand.h"

static enum st
add(struct pg *pg, const struct options *o, struct err *err)
{
    const char *name = o->arguments[2];
    int32_t id;
    enum st rc = nodes_add(pg, name, o->value[OPT_CONTACT].text, &id, err);

    if (rc != ST_OK || option_is_on(o, OPT_QUIET))
        return rc;
    if (option_is_on(o, OPT_JSON)) {
        printf("{\"id\":%" PRId32 ",\"name\":", id);
        say_json(stdout, name, strlen(name));
        fputs("}\n", stdout);
        return ST_OK;
    }
    fputs("node \"", stdout);
    say_text(stdout, name, strlen(name));
    printf("\" is there, with id %" PRId32 "\n", id);
    return ST_OK;
}

static enum st
list(struct pg *pg, const struct options *o, struct err *err)
{
    static const struct table_column columns[] = {
        [NODES_ID] = { "id", true },
        [NODES_NAME] = { "name", false },
        [NODES_CONTACT] = { "contact", false },
        [NODES_CREATED] = { "created_at", false },
        [NODES_TOKENS] = { "valid_tokens", true },
    };
    struct pg_result *r;
    enum st rc = nodes_list(pg, &r, err);

    if (rc != ST_OK)
        return rc;
    table_print(r, columns, ARRAY_LEN(columns), option_is_on(o, OPT_JSON));
    pg_free(r);
    return ST_OK;
}

static enum st
update(struct pg *pg, const struct options *o, struct err *err)
{
    const char *name = o->value[OPT_RENAME].text, *contact = o->value[OPT_CONTACT].text;

    if (name == NULL && contact == NULL)
        return err_fail(err, ST_USAGE, "cannot change a node",
                        "say what is to change: --rename NAME, --contact TEXT");
    return nodes_update(pg, o->arguments[2], name, contact, err);
}

static enum st
remove_node(struct pg *pg, const struct options *o, struct err *err)
{
    return nodes_remove(pg, o->arguments[2], err);
}

int
cli_node(const struct options *o)
{
    static const struct subcommand all[] = {
        { "add", "NAME [--contact TEXT]", 1, 1, add },
        { "list", "[--json]", 0, 0, list },
        { "update", "NAME [--rename NAME] [--contact TEXT]", 1, 1, update },
        { "remove", "NAME", 1, 1, remove_node },
    };

    return subcommand_run(o, "node", all, ARRAY_LEN(all));
}
