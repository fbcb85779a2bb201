/*
 * The handle: what the options ask for, found and checked, and the end of it all.
 */
#include "ingest/base.h"

#include <sodium.h>

#include "library_priv.h"

#define WHAT               "cannot open a handle"
#define MEMORY_DEFAULT     (256 * MIB)
#define MEMORY_MIN         (16 * MIB)
#define MAX_REJECT_DEFAULT 50

/* ---- options ---- */

/* What the caller knows of the options; one that knows more may have said nothing there. */
static enum st
take_options(struct ingest_options *out, const struct ingest_options *options, struct err *err)
{
    const char *bytes = (const char *)options;

    *out = (struct ingest_options){ .size = sizeof *out };
    if (options == NULL)
        return ST_OK;
    if (options->size < offsetof(struct ingest_options, log_format))
        return err_fail(err, ST_USAGE, WHAT, "the options do not say their size");
    memcpy(out, options, options->size < sizeof *out ? options->size : sizeof *out);
    for (size_t i = sizeof *out; i < options->size; i++)
        if (bytes[i] != '\0')
            return err_fail(err, ST_USAGE, WHAT, "an option is of a later version than %s",
                            ingest_version());
    return ST_OK;
}

static enum st
keep_text(struct ingest *h, const char *text, const char *otherwise, const char **out,
          struct err *err)
{
    struct slice s = slice_of(text == NULL ? otherwise : text);
    struct slice copy = arena_copy(&h->texts, (struct slice){ s.p, s.n + 1 });

    *out = copy.p;
    return copy.p == NULL ? err_memory(err, WHAT) : ST_OK;
}

static enum st
unknown(const char *what, const char *name, struct err *err)
{
    return err_fail(err, ST_USAGE, WHAT, "there is no %s \"%.100s\"", what, name);
}

static enum st
read_format(struct ingest *h, const struct ingest_options *o, struct err *err)
{
    enum st rc;

    if (o->log_format != NULL && o->format != NULL)
        return err_fail(err, ST_USAGE, WHAT, "format is one format, log_format describes another");
    if (o->log_format != NULL) {
        rc = log_format_compile(&h->log_format, slice_of(o->log_format), &h->texts, err);
        h->format_options.log_format = &h->log_format;
        h->asked.format = format_by_name("custom");
        return rc;
    }
    if (o->format == NULL)
        return ST_OK;
    if (strcmp(o->format, "custom") == 0)
        return err_fail(err, ST_USAGE, WHAT, "format custom is what log_format describes");
    h->asked.format = format_by_name(o->format);
    return h->asked.format == NULL ? unknown("format", o->format, err) : ST_OK;
}

static enum st
read_dataset(struct ingest *h, const struct ingest_options *o, struct err *err)
{
    struct run_config *c = &h->asked;

    if (o->dataset != NULL && (c->dataset = dataset_by_name(o->dataset)) == NULL)
        return unknown("dataset", o->dataset, err);
    if (c->format != NULL && c->dataset == NULL)
        c->dataset = dataset_by_name(c->format->dataset);
    if (c->format != NULL && !dataset_takes(c->dataset, c->format->dataset))
        return err_fail(err, ST_USAGE, WHAT, "format %s does not feed dataset %s", c->format->name,
                        c->dataset->name);
    return ST_OK;
}

static enum st
read_day(const char *text, int32_t *out, struct err *err)
{
    *out = DAY_NONE;
    if (text == NULL || clock_parse_day(slice_of(text), out))
        return ST_OK;
    return err_fail(err, ST_USAGE, WHAT, "\"%.40s\" is no day, which is written YYYY-MM-DD", text);
}

static enum st
read_rules(struct ingest *h, const struct ingest_options *o, struct err *err)
{
    const struct rule_pack *pack = rule_pack_by_name(o->rules);
    int32_t since, until;
    enum st rc;

    if (pack == NULL)
        return unknown("rule pack", o->rules, err);
    if ((rc = read_day(o->since, &since, err)) != ST_OK ||
        (rc = read_day(o->until, &until, err)) != ST_OK)
        return rc;
    if (since != DAY_NONE && until != DAY_NONE && since >= until)
        return err_fail(err, ST_USAGE, WHAT, "until is not behind since");
    assert(!rule_pack_wants_stream(pack)); /* none of those that come with the program does */
    h->asked.rules = &h->rules;
    h->asked.rules_named = o->rules != NULL;
    h->format_options.drop_key = pack->drop_key;
    return rules_init(&h->rules, pack, o->routes, o->n_routes, since, until, err);
}

static enum st
read_clients(struct ingest *h, const struct ingest_options *o, struct err *err)
{
    bool has_key = o->client_key != NULL || o->client_key_file != NULL, missing;

    h->clients = o->clients;
    if (o->clients != INGEST_CLIENTS_NONE && o->clients != INGEST_CLIENTS_KEYED &&
        o->clients != INGEST_CLIENTS_PLAIN)
        return err_fail(err, ST_USAGE, WHAT, "clients is none of enum ingest_clients");
    if (has_key != (o->clients == INGEST_CLIENTS_KEYED) ||
        (o->client_key != NULL && o->client_key_file != NULL))
        return err_fail(err, ST_USAGE, WHAT, "%s",
                        has_key ? "a client key goes with INGEST_CLIENTS_KEYED, and one of it"
                                : "INGEST_CLIENTS_KEYED wants client_key or client_key_file");
    if (o->client_key_file != NULL)
        return client_key_read(&h->client_key, o->client_key_file, &missing, err);
    if (o->client_key == NULL) {
        client_key_none(&h->client_key); /* without sketches they are hashed for nobody */
        return ST_OK;
    }
    h->client_key.n_epochs = 1;
    memcpy(h->client_key.epochs[0].key, o->client_key, sizeof h->client_key.epochs[0].key);
    return ST_OK;
}

static enum st
read_numbers(struct ingest *h, const struct ingest_options *o, struct err *err)
{
    int percent = o->max_reject_percent;

    h->memory_bytes = o->memory == 0 ? MEMORY_DEFAULT : o->memory;
    if (h->memory_bytes < MEMORY_MIN)
        return err_fail(err, ST_USAGE, WHAT, "memory is less than 16 MiB");
    if (percent < -1 || percent > 100)
        return err_fail(err, ST_USAGE, WHAT, "max_reject_percent is none of -1..100");
    h->asked.max_reject_percent = percent == 0 ? MAX_REJECT_DEFAULT : percent == -1 ? 0 : percent;
    h->input_options.salvage = o->salvage != 0;
    h->input_options.require_integrity = o->require_integrity != 0;
    h->record = o->record;
    h->ctx = o->ctx;
    return ST_OK;
}

static enum st
read_options(struct ingest *h, const struct ingest_options *o, struct err *err)
{
    enum st rc;

    if ((rc = keep_text(h, o->node, "local", &h->node, err)) != ST_OK ||
        (rc = keep_text(h, o->tmpdir, "/tmp", &h->tmpdir, err)) != ST_OK ||
        (rc = read_numbers(h, o, err)) != ST_OK || (rc = read_clients(h, o, err)) != ST_OK ||
        (rc = read_format(h, o, err)) != ST_OK || (rc = read_dataset(h, o, err)) != ST_OK)
        return rc;
    return read_rules(h, o, err);
}

/* ---- the handle ---- */

static enum st
prepare(struct ingest *h, const struct ingest_options *options, struct err *err)
{
    struct ingest_options o;
    enum st rc;

    if (sodium_init() < 0)
        return err_fail(err, ST_MEMORY, WHAT, "there are no random numbers");
    hash_secret_random(&h->secret);
    if ((h->locale = newlocale(LC_ALL_MASK, "C", (locale_t)0)) == (locale_t)0)
        return err_memory(err, WHAT);
    if ((rc = take_options(&o, options, err)) != ST_OK ||
        (rc = read_options(h, &o, err)) != ST_OK || (rc = books_init(h, err)) != ST_OK)
        return rc;
    decoder_room_init(&h->room, h->memory_bytes);
    h->input_options.room = &h->room;
    if ((h->cutter = lines_new(err)) == NULL)
        return ST_MEMORY;
    totals_reset(h);
    h->ready = true;
    return ST_OK;
}

enum ingest_status
ingest_open(struct ingest **out, const struct ingest_options *options)
{
    struct ingest *h = calloc(1, sizeof *h);
    struct err err;
    enum st rc;

    *out = h;
    if (h == NULL)
        return INGEST_MEMORY;
    arena_init(&h->texts, SIZE_MAX);
    rc = prepare(h, options, &err);
    return message_end(h, rc, false, &err);
}

void
ingest_close(struct ingest *h)
{
    if (h == NULL)
        return;
    ingest_drop_input(h);
    lines_free(h->cutter);
    days_release(&h->days);
    seen_release(&h->seen);
    books_release(h);
    rules_release(&h->rules);
    if (h->input_options.room != NULL)
        decoder_room_release(&h->room);
    if (h->locale != (locale_t)0)
        freelocale(h->locale);
    arena_release(&h->texts);
    sodium_memzero(h, sizeof *h);
    free(h);
}

enum ingest_status
ingest_reset(struct ingest *h)
{
    enum ingest_status status;

    if (!message_begin(h, &status))
        return status;
    ingest_drop_input(h);
    books_reset(h);
    seen_reset(&h->seen);
    totals_reset(h);
    h->read = false;
    return INGEST_OK;
}

enum ingest_status
ingest_add_file(struct ingest *h, const char *path)
{
    struct source source = { .path = path };
    enum ingest_status status;
    struct err err;
    bool known;
    enum st rc;

    if (!message_begin(h, &status))
        return status;
    if (h->read)
        return message_usage(h, READ_ALREADY);
    if (h->pieces.open)
        return message_usage(h, PIECES_OPEN);
    rc = count_input(h, &source, &known, &err);
    return message_end(h, rc, known, &err);
}

const char *
ingest_version(void)
{
    return INGEST_VERSION;
}
