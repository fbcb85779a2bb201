/*
 * `ingest explain --json`: one object an input, each on a line of its own. Texts are JSON strings
 * whatever bytes they were (say_json).
 */
#include "ingest/base.h"

#include "explain_priv.h"

#define SHOWN_MAX 8192 /* bytes of a text; it is cut there, and "truncated" says how long it was */

static const char *comma = ""; /* before the next record */

static void
put_text(struct slice s)
{
    say_json(stdout, s.p, s.n < SHOWN_MAX ? s.n : SHOWN_MAX);
}

static void
put_field(const struct field *f, bool first)
{
    printf("%s\"%s\":", first ? "" : ",", f->name);
    if (f->missing)
        fputs("null", stdout);
    else if (f->number)
        printf("%.*s", (int)f->text.n, f->text.p);
    else
        put_text(f->text);
}

static void
put_fields(const char *name, const struct field *fields, size_t n)
{
    printf(",\"%s\":{", name);
    for (size_t i = 0; i < n; i++)
        put_field(&fields[i], i == 0);
    putchar('}');
}

/* Which texts were cut, and how long they were. */
static void
put_truncated(const struct view *view)
{
    const char *between = ",\"truncated\":{";

    if (view->look->text.n > SHOWN_MAX) {
        printf("%s\"text\":%zu", between, view->look->text.n);
        between = ",";
    }
    for (size_t i = 0; i < view->n_fields; i++)
        if (view->fields[i].text.n > SHOWN_MAX) {
            printf("%s\"%s\":%zu", between, view->fields[i].name, view->fields[i].text.n);
            between = ",";
        }
    if (between[1] == '\0')
        putchar('}');
}

static void
put_rules(const struct rules *rules)
{
    struct buf id = { 0 };

    fputs(",\"rules\":{\"pack\":", stdout);
    put_text(slice_of(rules->pack->name));
    buf_hex(&id, rules->id.b, sizeof rules->id.b);
    printf(",\"version\":%u,\"rules_id\":\"%.*s\"}", rules->pack->version, (int)id.n,
           id.n > 0 ? id.p : "");
    buf_release(&id);
}

static void
json_begin(const char *path, const struct look_choice *choice)
{
    bool first = true;

    comma = "";
    fputs("{\"file\":", stdout);
    put_text(slice_of(path));
    if (choice->codec != NULL)
        printf(",\"container\":\"%s\"", choice->codec);
    printf(choice->format == NULL ? ",\"format\":null" : ",\"format\":\"%s\"",
           choice->format == NULL ? "" : choice->format->name);
    if (choice->score >= 0)
        printf(",\"score\":%d", choice->score);
    fputs(",\"scores\":{", stdout);
    for (size_t i = 0; choice->head.n > 0 && formats[i] != NULL; i++) {
        int score = formats[i]->sniff(choice->head);

        if (score == 0)
            continue;
        printf("%s\"%s\":%d", first ? "" : ",", formats[i]->name, score);
        first = false;
    }
    putchar('}');
    if (choice->dataset != NULL)
        printf(",\"dataset\":\"%s\"", choice->dataset->name);
    if (choice->dataset != NULL && choice->dataset->has_ecosystem)
        put_rules(choice->rules);
    fputs(",\"records\":[", stdout);
}

static void
put_row(const struct row_view *row, const struct hit *hit, bool first)
{
    printf("%s{\"table\":\"%s\"", first ? "" : ",", row->table);
    put_fields("key", row->keys, row->n_keys);
    put_fields(row->latest ? "at_least" : "adds", row->sums, row->n_sums);
    if (row->uniques != NULL && hit->has_client)
        printf(",\"client_to\":\"%s\"", row->uniques);
    if (row->uniques != NULL && hit->sketch.p != NULL)
        printf(",\"sketch_to\":\"%s\"", row->uniques);
    putchar('}');
}

static void
put_route(const struct view *view)
{
    fputs(",\"route\":{\"template\":", stdout);
    put_text(view->route.text);
    printf(",\"ecosystem\":\"%s\",\"name\":", view->match.ecosystem);
    put_text(view->match.name);
    fputs(",\"version\":", stdout);
    if (view->match.version.p != NULL)
        put_text(view->match.version);
    else
        fputs("null", stdout);
    putchar('}');
}

static void
json_record(const struct view *view, size_t n)
{
    enum reason why = view->look->why;

    printf("%s{\"line\":%" PRIu64 ",\"record\":%zu,\"outcome\":\"%s\",\"reason\":\"%s\"", comma,
           view->look->line_no, n + 1,
           why == KEEP ? "counted" : reason_is_rejected(why) ? "rejected" : "filtered",
           reason_name(why));
    comma = ",";
    if (view->why[0] != '\0') {
        fputs(",\"because\":", stdout);
        put_text(slice_of(view->why));
    }
    fputs(",\"text\":", stdout);
    if (view->look->text.p == NULL)
        fputs("null", stdout);
    else
        put_text(view->look->text);
    put_fields("fields", view->fields, view->n_fields);
    if (view->class != NULL)
        printf(",\"class\":\"%s\"", view->class);
    if (view->class != NULL && view->finding.pattern != NULL) {
        fputs(",\"class_by\":", stdout);
        put_text(slice_of(view->finding.pattern));
    }
    if (view->client != NULL)
        printf(",\"unique_by\":\"%s\"", view->client);
    if (view->has_route)
        put_route(view);
    fputs(",\"rows\":[", stdout);
    for (size_t i = 0; i < view->n_rows; i++)
        put_row(&view->rows[i], view->look->hit, i == 0);
    putchar(']');
    put_truncated(view);
    putchar('}');
}

static void
json_more(uint64_t n)
{
    (void)n;
}

static void
json_end(uint64_t unterminated)
{
    printf("],\"unterminated\":%" PRIu64 "}\n", unterminated);
}

const struct printer print_json = {
    .begin = json_begin,
    .record = json_record,
    .more = json_more,
    .end = json_end,
    .records_max = SIZE_MAX,
};
