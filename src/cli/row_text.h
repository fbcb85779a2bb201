/*
 * Keys of rows as words, and back: `ingest verify` prints them, `ingest explain --row` takes them.
 */
#ifndef ROW_TEXT_H
#define ROW_TEXT_H

#include "ingest/buf.h"
#include "ingest/dataset.h"

/* serde/1.0.1/2024-01-05, as `status --audit` shows it; raw bytes, for say_text. Without memory b->failed. */
void row_key_text(struct buf *b, const struct dataset *d, struct slice key);

/*
 * The key that n words say, d->n_keys of them, in the order of the columns; or with the day as the last of them. NULL is no text, =WORD is
 * the text WORD whatever it is. A day of a table by months is any of the month, or 2024-01. *n_key bytes at `key`, and the bucket's day.
 * ST_USAGE.
 */
enum st row_key_read(const struct dataset *d, char *const *words, size_t n, uint8_t key[KEY_BYTES_MAX], size_t *n_key, int32_t *day,
                     struct err *err);

#endif
