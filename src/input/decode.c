/*
 * What all codecs do alike: containers may follow one another in a file, with zeros between and
 * after them; damage is told with its place in the file as stored.
 */
#include "ingest/base.h"

#include "input_priv.h"

enum st
decode_corrupt(uint64_t offset, const char *what, const char *cause, struct err *err)
{
    err_fail(err, ST_CORRUPT, what, "%s", cause);
    err->offset = offset;
    return ST_CORRUPT;
}

enum st
decode_cut_short(const struct stored *s, const char *what, const char *cause, struct err *err)
{
    decode_corrupt(stored_offset(s), what, cause, err);
    err_hint(err, "the file may still be growing; load it again once it is closed");
    err->cut_short = true;
    return ST_CORRUPT;
}

enum st
decode_skip_padding(struct stored *s, bool any, struct err *err)
{
    enum st rc;

    while ((rc = stored_fill(s, err)) == ST_OK && *s->at == 0 && any)
        s->at++;
    return rc;
}

enum st
decode_magic(struct stored *s, uint8_t *head, size_t n, bool (*fits)(const uint8_t *head, size_t n),
             const char *what, const char *part, struct err *err)
{
    uint64_t start = stored_offset(s);

    for (size_t i = 0; i < n; i++) {
        enum st rc = stored_take(s, head + i, 1, err);

        if (rc == ST_EOF) {
            decode_cut_short(s, what, "", err);
            err_cause(err, "the input ends inside a %s's header", part);
            return ST_CORRUPT;
        }
        if (rc != ST_OK)
            return rc;
        if (!fits(head, i + 1)) {
            decode_corrupt(start, what, "", err);
            err_cause(err, "there is rubbish behind the end of the last %s", part);
            return ST_CORRUPT;
        }
    }
    return ST_OK;
}
