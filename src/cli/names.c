/*
 * What the options name, found: the format, the dataset and the rules, built in or from the
 * configuration. The same for counting and for explaining.
 */
#include "ingest/base.h"

#include "ingest/log_format.h"
#include "ingest/run.h"

#include "cli_priv.h"
#include "config.h"

static struct format_options said; /* about reading; for the run, which is one */

/* ---- formats and datasets ---- */

/*
 * --log-format: it is as long as the program. It makes the format `custom`; another one beside it
 * is one too many.
 */
static enum st
read_log_format(const struct options *o, struct run_config *c, struct err *err)
{
    static struct log_format compiled;
    static struct arena arena;
    const char *text = o->value[OPT_LOG_FORMAT].text, *name = o->value[OPT_FORMAT].text;
    enum st rc;

    if (name != NULL && strcmp(name, "auto") != 0 && strcmp(name, "custom") != 0 &&
        o->value[OPT_FORMAT].origin == o->value[OPT_LOG_FORMAT].origin)
        return err_fail(err, ST_USAGE, "cannot do both",
                        "--format %s is one format, --log-format describes another", name);
    arena_release(&arena);
    arena_init(&arena, SIZE_MAX);
    if ((rc = log_format_compile(&compiled, slice_of(text), &arena, err)) != ST_OK)
        return rc;
    said.log_format = &compiled;
    c->format = format_by_name("custom");
    return ST_OK;
}

static enum st
read_format(const struct options *o, struct run_config *c, struct err *err)
{
    const char *name = o->value[OPT_FORMAT].text;
    const struct config_format *own = name != NULL ? config_find_format(o->config, name) : NULL;

    c->format_options = &said;
    if (o->value[OPT_LOG_FORMAT].text != NULL &&
        o->value[OPT_LOG_FORMAT].origin >= o->value[OPT_FORMAT].origin)
        return read_log_format(o, c, err);
    if (name == NULL || strcmp(name, "auto") == 0)
        return ST_OK;
    if (strcmp(name, "custom") == 0)
        return err_fail(err, ST_USAGE, "cannot read a custom format",
                        "nothing says what its lines hold; say --log-format STRING");
    if (own != NULL)
        said = own->options;
    c->format = own != NULL ? own->format : format_by_name(name);
    if (c->format != NULL)
        return ST_OK;
    options_bad_value(o, OPT_FORMAT, "", err);
    hint_format(o->config, name, err);
    return ST_USAGE;
}

static enum st
read_dataset(const struct options *o, struct run_config *c, struct err *err)
{
    const char *name = o->value[OPT_DATASET].text;

    if (name != NULL && (c->dataset = dataset_by_name(name)) == NULL) {
        options_bad_value(o, OPT_DATASET, "", err);
        hint_dataset(name, err);
        return ST_USAGE;
    }
    if (c->format != NULL && c->dataset == NULL)
        c->dataset = dataset_by_name(c->format->dataset);
    if (c->format != NULL && !dataset_takes(c->dataset, c->format->dataset))
        return err_fail(err, ST_USAGE, "bad value for --dataset", "format %s feeds dataset %s",
                        c->format->name, c->format->dataset);
    return ST_OK;
}

/* ---- rules ---- */

static enum st
read_day(const struct options *o, enum option_id id, int32_t *out, struct err *err)
{
    *out = DAY_NONE;
    if (o->value[id].text == NULL || clock_parse_day(slice_of(o->value[id].text), out))
        return ST_OK;
    return options_bad_value(o, id, "a day is written YYYY-MM-DD", err);
}

static enum st
read_rules(const struct options *o, struct run_config *c, struct rules *rules, struct err *err)
{
    const struct rule_pack *pack;
    int32_t since, until;
    enum st rc;

    if ((rc = read_day(o, OPT_SINCE, &since, err)) != ST_OK ||
        (rc = read_day(o, OPT_UNTIL, &until, err)) != ST_OK)
        return rc;
    if (since != DAY_NONE && until != DAY_NONE && since >= until)
        return err_fail(err, ST_USAGE, "cannot count these days", "--until is not behind --since");
    if ((rc = config_find_pack(o->config, o->value[OPT_RULES].text, &pack, err)) != ST_OK)
        return rc;
    if ((rc = rule_options_apply(o, &pack, err)) != ST_OK)
        return rc;
    c->rules_named = o->value[OPT_RULES].text != NULL;
    c->rules = rules;
    said.drop_key = pack->drop_key;
    return rules_init(rules, pack, o->routes, o->n_routes, since, until, err);
}

/*
 * The other options of rules, as --agents, are for the pack of --rules: the second is as it stands.
 * Of a line one field can be marked for both.
 */
enum st
names_shadow(const struct options *o, const struct run_config *c, struct rules *shadow,
             struct err *err)
{
    const char *marked = c->rules->pack->drop_key;
    const struct rule_pack *pack;
    enum st rc = config_find_pack(o->config, o->value[OPT_SHADOW].text, &pack, err);

    if (rc != ST_OK)
        return rc;
    if ((rc = rule_options_check(pack, err)) != ST_OK)
        return rc;
    if (marked != NULL && pack->drop_key != NULL && strcmp(marked, pack->drop_key) != 0)
        return err_fail(err, ST_USAGE, "cannot compare these rules",
                        "drop_if of %s asks for the field \"%.60s\", that of %s for \"%.60s\"",
                        c->rules->pack->name, marked, pack->name, pack->drop_key);
    if (marked == NULL)
        said.drop_key = pack->drop_key;
    return rules_init(shadow, pack, o->routes, o->n_routes, c->rules->since, c->rules->until, err);
}

/*
 * The FDSN's list: as long as the program. It wants from a request log when the data of a trace
 * begin.
 */
static enum st
read_networks(const struct options *o, struct run_config *c, struct err *err)
{
    static struct networks *list;
    const char *path = o->value[OPT_FDSN_NETWORKS].text;
    enum st rc = ST_OK;

    networks_free(list);
    list = NULL;
    if (path != NULL && (rc = networks_read(&list, path, err)) == ST_OK)
        said.trace_starts = true;
    c->networks = list;
    return rc;
}

/* ---- the rules that say how a line is read ---- */

static int
by_key(const void *a, const void *b)
{
    const struct config_pair *const *x = a, *const *y = b;

    return strcmp((*x)->key, (*y)->key);
}

/* Values may hold anything, so each comes behind its length. */
static void
put_text(struct buf *b, struct slice text)
{
    buf_printf(b, " %zu:", text.n);
    buf_add_slice(b, text);
}

/* What it does and not how it was written: in whichever file, quotes or directive it stood. */
static void
put_log_format(struct buf *b, const struct log_format *f)
{
    buf_printf(b, "log_format %d", (int)f->escape);
    put_text(b, f->before);
    for (size_t i = 0; i < f->n_parts; i++) {
        put_text(b, f->parts[i].name);
        put_text(b, f->parts[i].after);
    }
}

static void
put_keys(struct buf *b, const struct config_format *own)
{
    const struct config_pair *pairs[CONFIG_PAIRS_MAX];

    for (size_t i = 0; i < own->n_pairs; i++)
        pairs[i] = &own->pairs[i];
    qsort(pairs, own->n_pairs, sizeof *pairs, by_key);
    buf_text(b, "keys");
    for (size_t i = 0; i < own->n_pairs; i++) {
        put_text(b, slice_of(pairs[i]->key));
        put_text(b, slice_of(pairs[i]->value));
    }
}

/*
 * A format that the user describes decides what counts as much as a pack does: with another one the
 * same bytes are other downloads. So its fingerprint goes into that of the rules, and the ledger
 * tells logs that were counted under another description.
 */
static enum st
mix_format(const struct options *o, struct rules *rules, struct err *err)
{
    const char *name = o->value[OPT_FORMAT].text;
    struct buf text = { 0 };
    bool failed;

    if (said.log_format == NULL && said.json_keys == NULL)
        return ST_OK;
    buf_hex(&text, rules->id.b, sizeof rules->id.b);
    buf_text(&text, "\n");
    if (said.log_format != NULL)
        put_log_format(&text, said.log_format);
    else
        put_keys(&text, config_find_format(o->config, name));
    failed = text.failed;
    if (!failed)
        rules->id = hash_plain(text.p, text.n);
    buf_release(&text);
    return failed ? err_memory(err, "cannot write down the rules") : ST_OK;
}

enum st
names_read(const struct options *o, struct run_config *c, struct rules *rules, struct err *err)
{
    enum st rc;

    said = (struct format_options){ 0 };
    if ((rc = read_format(o, c, err)) != ST_OK || (rc = read_dataset(o, c, err)) != ST_OK ||
        (rc = read_rules(o, c, rules, err)) != ST_OK || (rc = mix_format(o, rules, err)) != ST_OK ||
        (rc = read_networks(o, c, err)) != ST_OK)
        return rc;
    c->replace = option_is_on(o, OPT_REPLACE);
    c->node = o->value[OPT_NODE].text;
    return ST_OK;
}
