/*
 * As much of `ingest -o -` and `ingest -n --json` as libingest can do, so that what tests those tests the library: the
 * same options, rows, tallies and exit statuses. With an even -j files come in pieces of sizes that look random.
 */
#include "ingest/base.h"

#include <getopt.h>

#include "ingest.h"
#include "ingest/buf.h"

struct driver {
    struct ingest_options options;
    const char           *routes[16];
    bool                  json, pieces;
    uint32_t              seed;
    FILE                 *out;
};

static int
print_row(void *ctx, const struct ingest_row *row)
{
    const struct driver *d = ctx;
    struct buf b = { 0 };

    buf_printf(&b, "{\"table\":\"%s\"", row->table);
    for (size_t i = 0; i < row->n_columns; i++) {
        const struct ingest_column *c = &row->columns[i];

        buf_printf(&b, ",\"%s\":", c->name);
        if (c->text == NULL) {
            buf_text(&b, "null");
        } else if (c->kind == INGEST_SKETCH) {
            buf_text(&b, "\"\\\\x");
            buf_hex(&b, c->text, c->size);
            buf_text(&b, "\"");
        } else if (c->kind == INGEST_INT || c->kind == INGEST_SUM) {
            buf_text(&b, c->text);
        } else {
            buf_json_shown(&b, (struct slice){ c->text, c->size });
        }
    }
    buf_text(&b, "}\n");
    fwrite(b.p, 1, b.n, d->out);
    buf_release(&b);
    return 0;
}

static void
print_reasons(const struct ingest_totals *t, enum ingest_outcome outcome, const char *name, bool lines)
{
    const char *comma = "";

    printf(",\"%s\":{", name);
    for (size_t i = 0; i < t->n_reasons; i++)
        if (t->reasons[i].outcome == outcome) {
            printf("%s\"%s\":%" PRIu64, comma, t->reasons[i].name,
                   lines ? t->reasons[i].lines : t->reasons[i].records);
            comma = ",";
        }
    printf("}");
}

static void
print_tallies(struct ingest *h)
{
    const struct ingest_totals *t = ingest_totals(h);

    for (int lines = 1; lines >= 0; lines--) {
        printf("%s\"%s\":{\"read\":%" PRIu64 ",\"counted\":%" PRIu64, lines ? "{" : ",",
               lines ? "lines" : "records", lines ? t->lines : t->records,
               lines ? t->reasons[0].lines : t->reasons[0].records);
        print_reasons(t, INGEST_FILTERED, "filtered", lines);
        print_reasons(t, INGEST_REJECTED, "rejected", lines);
        printf("}");
    }
    printf("}\n");
}

static enum ingest_status
add_pieces(struct driver *d, struct ingest *h, const char *p, size_t n)
{
    while (n > 0) {
        size_t piece;

        d->seed = d->seed * 1664525 + 1013904223;
        piece = (d->seed >> 8) % (d->seed % 3 == 0 ? 7 : d->seed % 3 == 1 ? 900 : 200000);
        piece = piece < n ? piece : n;
        ingest_add_bytes(h, p, piece);
        p += piece;
        n -= piece;
    }
    return ingest_end_input(h);
}

/* A plain file that ends in half a line is another input as a stream. */
static bool
is_same_in_pieces(const char *p, size_t n)
{
    static const char *const magics[] = { "\x1f\x8b", "\x28\xb5\x2f\xfd", "BZh", "\xfd\x37zXZ" };

    if (n == 0 || p[n - 1] == '\n')
        return true;
    for (size_t i = 0; i < ARRAY_LEN(magics); i++)
        if (n >= strlen(magics[i]) && memcmp(p, magics[i], strlen(magics[i])) == 0)
            return true;
    return false;
}

static enum ingest_status
add(struct driver *d, struct ingest *h, const char *path)
{
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *f = is_stdin ? stdin : fopen(path, "re");
    struct buf all = { 0 };
    char piece[4096];
    enum ingest_status status;
    size_t n;

    while (f != NULL && (n = fread(piece, 1, sizeof piece, f)) > 0)
        buf_add(&all, piece, n);
    if (f != NULL && !is_stdin)
        fclose(f);
    if (is_stdin || (f != NULL && d->pieces && is_same_in_pieces(all.p, all.n)))
        status = add_pieces(d, h, all.p, all.n);
    else
        status = ingest_add_file(h, path);
    buf_release(&all);
    return status;
}

static void
read_options(struct driver *d, int argc, char **argv)
{
    static const struct option names[] = {
        { "format", 1, NULL, 'f' },     { "log-format", 1, NULL, 'l' }, { "dataset", 1, NULL, 'D' },
        { "rules", 1, NULL, 'r' },      { "route", 1, NULL, 'R' },      { "since", 1, NULL, 's' },
        { "until", 1, NULL, 'u' },      { "node", 1, NULL, 'N' },       { "client-key", 1, NULL, 'k' },
        { "memory", 1, NULL, 'm' },     { "max-reject", 1, NULL, 'x' }, { "json", 0, NULL, 'J' },
        { "salvage", 0, NULL, 'S' },    { "output", 1, NULL, 'o' },     { NULL, 0, NULL, 0 },
    };
    struct ingest_options *o = &d->options;
    int c;

    while ((c = getopt_long(argc, argv, "f:o:nj:", names, NULL)) != -1) {
        switch (c) {
        case 'f': o->format = optarg; break;
        case 'l': o->log_format = optarg; break;
        case 'D': o->dataset = optarg; break;
        case 'r': o->rules = optarg; break;
        case 'R': d->routes[o->n_routes++] = optarg; break;
        case 's': o->since = optarg; break;
        case 'u': o->until = optarg; break;
        case 'N': o->node = optarg; break;
        case 'm': o->memory = 16 * MIB; break;
        case 'S': o->salvage = 1; break;
        case 'J': d->json = true; break;
        case 'j': d->pieces = strtol(optarg, NULL, 10) % 2 == 0; break;
        case 'x':
            o->max_reject_percent = (int)strtol(optarg, NULL, 10);
            if (o->max_reject_percent == 0)
                o->max_reject_percent = -1;
            break;
        case 'k':
            o->clients = strcmp(optarg, "none") == 0 ? INGEST_CLIENTS_PLAIN : INGEST_CLIENTS_KEYED;
            o->client_key_file = strcmp(optarg, "none") == 0 ? NULL : optarg;
            break;
        case 'o':
            d->out = strcmp(optarg, "-") == 0 ? stdout : fopen(optarg, "we");
            break;
        case 'n': break;
        default: exit(2);
        }
    }
    o->routes = d->routes;
}

int
main(int argc, char **argv)
{
    struct driver d = { .options.size = sizeof d.options, .seed = (uint32_t)argc };
    struct ingest *h;
    int status = 0;

    read_options(&d, argc, argv);
    if (ingest_open(&h, &d.options) != INGEST_OK) {
        fprintf(stderr, "%s\n", ingest_error(h));
        return 2;
    }
    for (int i = optind; i < argc; i++) {
        enum ingest_status became = add(&d, h, argv[i]);

        if (became != INGEST_OK && became != INGEST_KNOWN) {
            fprintf(stderr, "%s\n", ingest_error(h));
            status = became == INGEST_REFUSED ? 1 : 4;
        }
    }
    if (d.json)
        print_tallies(h);
    else if (ingest_rows(h, print_row, &d) != INGEST_OK)
        status = 4;
    ingest_close(h);
    return status;
}
