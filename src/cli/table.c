/*
 * Rows of a database for people, in columns with a heading, or as JSON lines. What stands in them
 * is other people's text.
 */
#include "ingest/base.h"

#include "subcommand.h"

static void
print_json(const struct pg_result *r, const struct table_column *columns, size_t n)
{
    for (size_t row = 0; row < pg_rows(r); row++) {
        for (size_t i = 0; i < n; i++) {
            struct slice text = pg_text(r, row, i);

            fputs(i == 0 ? "{" : ",", stdout);
            say_json(stdout, columns[i].name, strlen(columns[i].name));
            fputs(":", stdout);
            if (text.p == NULL)
                fputs("null", stdout);
            else if (columns[i].is_number)
                fputs(text.p, stdout);
            else
                say_json(stdout, text.p, text.n);
        }
        fputs("}\n", stdout);
    }
}

static void
print_cell(struct slice text, size_t width, bool last)
{
    size_t chars = slice_chars(text);

    say_text(stdout, text.p, text.n);
    if (!last)
        printf("%*s", (int)(width - chars + 2), "");
}

static struct slice
cell(const struct pg_result *r, size_t row, size_t column)
{
    struct slice text = pg_text(r, row, column);

    return text.p == NULL ? SLICE("-") : text;
}

void
table_print(const struct pg_result *r, const struct table_column *columns, size_t n, bool json)
{
    size_t width[TABLE_COLUMNS_MAX];

    assert(n <= TABLE_COLUMNS_MAX);
    if (json) {
        print_json(r, columns, n);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        width[i] = strlen(columns[i].name);
        for (size_t row = 0; row < pg_rows(r); row++) {
            size_t chars = slice_chars(cell(r, row, i));

            width[i] = chars > width[i] ? chars : width[i];
        }
    }
    for (size_t i = 0; i < n; i++)
        print_cell(slice_of(columns[i].name), width[i], i + 1 == n);
    fputs("\n", stdout);
    for (size_t row = 0; row < pg_rows(r); row++) {
        for (size_t i = 0; i < n; i++)
            print_cell(cell(r, row, i), width[i], i + 1 == n);
        fputs("\n", stdout);
    }
}
