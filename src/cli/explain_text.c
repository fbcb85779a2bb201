/*
 * `ingest explain` for people. Every byte of a log goes through say_text.
 */
#include "ingest/base.h"

#include "explain_priv.h"

#define SHOWN_MAX 600 /* bytes of a value: a line of 1 MiB says no more than its beginning */

static void
say_value(struct slice s)
{
    say_text(stdout, s.p, s.n < SHOWN_MAX ? s.n : SHOWN_MAX);
    if (s.n > SHOWN_MAX)
        printf("... (%zu bytes)", s.n);
}

/* A text of a key, so that blanks and nothing at all can be seen. */
static void
say_quoted(struct slice s)
{
    putchar('"');
    say_value(s);
    putchar('"');
}

/* The other formats that the beginning fits too, and how well; nobody asks once one was said. */
static void
say_rivals(const struct look_choice *choice)
{
    const char *label = choice->format != NULL ? "  fits too  " : "  fits best ";

    if (choice->format != NULL && choice->score < 0)
        return;
    for (size_t i = 0; choice->head.n > 0 && formats[i] != NULL; i++) {
        int score = formats[i] == choice->format ? 0 : formats[i]->sniff(choice->head);

        if (score == 0)
            continue;
        printf("%s%s %d %%", label, formats[i]->name, score);
        label = ", ";
    }
    if (label[0] == ',')
        putchar('\n');
}

static void
text_begin(const char *path, const struct look_choice *choice)
{
    say_text(stdout, path, strlen(path));
    if (choice->codec != NULL && strcmp(choice->codec, "plain") != 0)
        printf(": %s", choice->codec);
    if (choice->format == NULL)
        fputs(choice->unknown ? ": of no known format" : ": empty", stdout);
    else if (choice->score < 0)
        printf(": format %s, as told", choice->format->name);
    else
        printf(": format %s (%d %% sure)", choice->format->name, choice->score);
    if (choice->dataset != NULL)
        printf(", for %s", choice->dataset->name);
    if (choice->dataset != NULL && choice->dataset->has_ecosystem) {
        fputs(" by pack ", stdout);
        say_text(stdout, choice->rules->pack->name, strlen(choice->rules->pack->name));
        printf(" %u", choice->rules->pack->version);
    }
    putchar('\n');
    say_rivals(choice);
    if (choice->dataset != NULL && rule_pack_wants_stream(choice->rules->pack))
        puts("  note      each line stands for itself here: what a window or a union of ranges "
             "folds, only a run can tell");
}

static void
say_outcome(const struct view *view, size_t n)
{
    enum reason why = view->look->why;

    printf("line %" PRIu64, view->look->line_no);
    if (n > 0)
        printf(", record %zu", n + 1);
    if (why == KEEP)
        fputs(": counted\n", stdout);
    else
        printf(": %s as %s: %s\n", reason_is_rejected(why) ? "rejected" : "filtered",
               reason_name(why), reason_about(why));
}

static void
say_field(const char *name, struct slice value)
{
    printf("  %-9s ", name);
    if (value.n > 0)
        say_value(value);
    else
        fputs("\"\"", stdout);
    putchar('\n');
}

static void
say_class(const struct view *view)
{
    const struct agent_finding *f = &view->finding;

    printf("  class     %s", view->class);
    if (f->pattern != NULL) {
        fputs(", by ", stdout);
        say_quoted(slice_of(f->pattern));
    }
    if (f->file != NULL) {
        fputs(" in ", stdout);
        say_text(stdout, f->file, strlen(f->file));
        printf(":%" PRIu64, f->line_no);
    }
    putchar('\n');
}

static void
say_route(const struct view *view)
{
    fputs("  route     ", stdout);
    say_value(view->route.text);
    printf("\n  %-9s name ", view->match.ecosystem);
    say_quoted(view->match.name);
    if (view->match.version.p != NULL) {
        fputs(", version ", stdout);
        say_quoted(view->match.version);
    }
    putchar('\n');
}

static void
say_row(const struct row_view *row, const struct hit *hit)
{
    printf("  row       %s: ", row->table);
    for (size_t i = 0; i < row->n_keys; i++) {
        printf("%s%s ", i > 0 ? ", " : "", row->keys[i].name);
        if (row->keys[i].missing)
            fputs("NULL", stdout);
        else
            say_quoted(row->keys[i].text);
    }
    fputs(row->latest ? " >= " : " += ", stdout);
    for (size_t i = 0; i < row->n_sums; i++) {
        printf("%s%s ", i > 0 ? ", " : "", row->sums[i].name);
        say_value(row->sums[i].text);
    }
    if (row->uniques != NULL && hit->has_client)
        printf(", the client to %s", row->uniques);
    if (row->uniques != NULL && hit->sketch.p != NULL)
        printf(", the sketch to %s", row->uniques);
    putchar('\n');
}

static void
text_record(const struct view *view, size_t n)
{
    say_outcome(view, n);
    if (n == 0 && view->look->text.p != NULL)
        say_field("line", view->look->text);
    if (view->why[0] != '\0' && view->look->why != KEEP)
        say_field("because", slice_of(view->why));
    for (size_t i = 0; i < view->n_fields; i++) {
        const char *name = view->fields[i].name;

        say_field(name, view->fields[i].text);
        if (strcmp(name, "agent") == 0 && view->class != NULL)
            say_class(view);
    }
    if (view->client != NULL)
        say_field("unique by", slice_of(view->client));
    if (view->has_route)
        say_route(view);
    for (size_t i = 0; i < view->n_rows; i++)
        say_row(&view->rows[i], view->look->hit);
}

static void
text_more(uint64_t n)
{
    printf("  ... and %" PRIu64 " more records of this line\n", n);
}

static void
text_end(uint64_t unterminated)
{
    if (unterminated > 0)
        printf("note: %" PRIu64 " bytes behind the last line feed are left: the line may go on\n",
               unterminated);
}

const struct printer print_text = {
    .begin = text_begin,
    .record = text_record,
    .more = text_more,
    .end = text_end,
    .records_max = 10,
};
