/*
 * Keys of rows as words, and back.
 */
#include "ingest/base.h"

#include "ingest/clock.h"
#include "ingest/num.h"
#include "ingest/uuid.h"

#include "row_text.h"

static const char what[] = "cannot tell which row is meant";

void
row_key_text(struct buf *b, const struct dataset *d, struct slice key)
{
    const uint8_t *at = (const uint8_t *)key.p;
    char day[11], uuid[UUID_TEXT];
    struct slice text;

    for (size_t i = 0; i < d->n_keys; i++) {
        buf_text(b, i == 0 ? "" : "/");
        switch (d->keys[i].kind) {
        case COLUMN_TEXT:
            text = key_get_text(&at);
            if (text.p != NULL && (slice_is(text, "NULL") || (text.n > 0 && text.p[0] == '=')))
                buf_text(b, "="); /* no NULL, and what row_key_read() takes */
            buf_add_slice(b, text.p == NULL ? slice_of("NULL") : text);
            break;
        case COLUMN_DAY:
            clock_format_day(key_get_day(&at), day);
            buf_text(b, day);
            break;
        case COLUMN_UUID:
            uuid_format(key_get_uuid(&at), uuid);
            buf_text(b, uuid);
            break;
        case COLUMN_INT:
            buf_printf(b, "%" PRId64, key_get_int(&at));
            break;
        }
    }
}

/* ---- words to a key ---- */

static bool
read_day(const struct dataset *d, const char *word, int32_t *day)
{
    char first[11];

    if (d->bucket == BUCKET_MONTH && strlen(word) == 7) {
        snprintf(first, sizeof first, "%s-01", word);
        return clock_parse_day(slice_of(first), day);
    }
    if (!clock_parse_day(slice_of(word), day))
        return false;
    if (d->bucket == BUCKET_MONTH)
        *day = clock_month(*day);
    return true;
}

static enum st
put_text(const struct key_column *column, const char *word, uint8_t **out, const uint8_t *end,
         struct err *err)
{
    struct slice text = slice_of(word);

    if (strcmp(word, "NULL") == 0) {
        if (!column->nullable)
            return err_fail(err, ST_USAGE, what, "column \"%s\" is never NULL (the text is =NULL)",
                            column->name);
        text.p = NULL;
    } else if (word[0] == '=') {
        text = slice_of(word + 1);
    }
    for (size_t i = 0, n; text.p != NULL && i < text.n; i += n) {
        uint32_t c;

        if ((n = slice_character((struct slice){ text.p + i, text.n - i }, &c)) == 0)
            return err_fail(err, ST_USAGE, what, "the word for column \"%s\" is no UTF-8",
                            column->name);
    }
    if (text.p != NULL && text.n + 2 > (size_t)(end - *out))
        return err_fail(err, ST_USAGE, what, "the word for column \"%s\" is too long",
                        column->name);
    *out = key_put_text(*out, text);
    return ST_OK;
}

/* 8-4-4-4-12 hex digits. */
static bool
read_uuid(const char *word, uint8_t uuid[16])
{
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    size_t n = 0;

    if (strlen(word) != sizeof shape - 1)
        return false;
    for (size_t i = 0; i < sizeof shape - 1; i++) {
        int digit = num_hex_digit(word[i]);

        if ((shape[i] == '-') != (word[i] == '-') || (shape[i] == 'x' && digit < 0))
            return false;
        if (shape[i] == 'x') {
            uuid[n / 2] = (uint8_t)(n % 2 == 0 ? digit << 4 : uuid[n / 2] | digit);
            n++;
        }
    }
    return true;
}

static enum st
put_column(const struct key_column *column, const char *word, int32_t day, uint8_t **out,
           const uint8_t *end, struct err *err)
{
    uint8_t uuid[16];
    int64_t n;

    if (end - *out < 16) /* room for what is not text */
        return err_fail(err, ST_USAGE, what, "the words are too long");
    switch (column->kind) {
    case COLUMN_TEXT:
        return put_text(column, word, out, end - 16, err);
    case COLUMN_DAY:
        *out = key_put_day(*out, day);
        return ST_OK;
    case COLUMN_UUID:
        if (!read_uuid(word, uuid))
            break;
        *out = key_put_uuid(*out, uuid);
        return ST_OK;
    case COLUMN_INT:
        if (!num_u63(slice_of(word), &n))
            break;
        *out = key_put_int(*out, n);
        return ST_OK;
    }
    return err_fail(err, ST_USAGE, what, "\"%s\" is no %s, which column \"%s\" holds", word,
                    column->kind == COLUMN_UUID ? "UUID" : "number", column->name);
}

static size_t
day_column(const struct dataset *d)
{
    size_t i = 0;

    while (i + 1 < d->n_keys && d->keys[i].kind != COLUMN_DAY)
        i++;
    return i;
}

static enum st
too_few(const struct dataset *d, size_t n, struct err *err)
{
    struct buf names = { 0 };

    for (size_t i = 0; i < d->n_keys; i++)
        buf_printf(&names, "%s%s", i == 0 ? "" : ", ", d->keys[i].name);
    err_fail(err, ST_USAGE, what, "a row of %s has %zu words, %s, and %zu %s said", d->table,
             d->n_keys, buf_str(&names) == NULL ? "" : names.p, n, n == 1 ? "is" : "are");
    err_hint(err, "as `ingest verify` prints them: NULL where there is none, =WORD for a text that "
                  "reads NULL or begins with =");
    buf_release(&names);
    return ST_USAGE;
}

enum st
row_key_read(const struct dataset *d, char *const *words, size_t n, uint8_t key[KEY_BYTES_MAX],
             size_t *n_key, int32_t *day, struct err *err)
{
    const uint8_t *end = key + KEY_BYTES_MAX;
    size_t at_day = day_column(d), next = 0;
    bool day_is_last = false;
    uint8_t *out = key;
    enum st rc = ST_OK;

    if (n < d->n_keys)
        return too_few(d, n, err);
    if (!read_day(d, words[at_day], day)) {
        day_is_last = read_day(d, words[d->n_keys - 1], day);
        if (!day_is_last)
            return err_fail(err, ST_USAGE, what, "\"%s\" is no day, YYYY-MM-DD%s", words[at_day],
                            d->bucket == BUCKET_MONTH ? ", nor a month, YYYY-MM" : "");
    }
    for (size_t i = 0; i < d->n_keys && rc == ST_OK; i++) {
        const char *word = day_is_last && i == at_day ? words[d->n_keys - 1] : words[next++];

        rc = put_column(&d->keys[i], word, *day, &out, end, err);
    }
    *n_key = (size_t)(out - key);
    return rc;
}
