/*
 * Array literals for parameters (PostgreSQL manual, "Array Value Input"): every element that is no
 * number is quoted.
 */
#include "ingest/pg.h"

void
pg_array_begin(struct pg_array *a)
{
    *a = (struct pg_array){ { 0 } };
    buf_text(&a->text, "{");
}

static void
separate(struct pg_array *a)
{
    if (a->text.n > 1)
        buf_text(&a->text, ",");
}

void
pg_array_int(struct pg_array *a, int64_t v)
{
    separate(a);
    buf_printf(&a->text, "%" PRId64, v);
}

void
pg_array_bytea(struct pg_array *a, const void *p, size_t n)
{
    separate(a);
    buf_text(&a->text, "\"\\\\x");
    buf_hex(&a->text, p, n);
    buf_text(&a->text, "\"");
}

void
pg_array_text(struct pg_array *a, struct slice s)
{
    if (s.p == NULL) {
        pg_array_null(a);
        return;
    }
    separate(a);
    buf_text(&a->text, "\"");
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"' || s.p[i] == '\\')
            buf_text(&a->text, "\\");
        buf_add(&a->text, &s.p[i], 1);
    }
    buf_text(&a->text, "\"");
}

void
pg_array_null(struct pg_array *a)
{
    separate(a);
    buf_text(&a->text, "NULL");
}

const char *
pg_array_end(struct pg_array *a)
{
    buf_text(&a->text, "}");
    return buf_str(&a->text);
}

void
pg_array_release(struct pg_array *a)
{
    buf_release(&a->text);
}
