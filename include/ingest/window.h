/*
 * Has this client asked for this object a moment ago, or today? For rules with a window: the repeats are filtered.
 *
 * WINDOW_SECONDS slides: an asking within that many seconds (to the millisecond) behind the one before of the same client
 * and object is a repeat, however many have gone before (COUNTER Code of Practice 5, section 7.2, "double-click filtering", has
 * 30 s; it keeps the last of them, here the first one counts, for it may be in the table before the last one is read).
 * WINDOW_DAY: the first of each UTC day counts.
 *
 * Exact for askings in the order of their times. The day needs no order while memory lasts.
 */
#ifndef INGEST_WINDOW_H
#define INGEST_WINDOW_H

#include "ingest/err.h"
#include "ingest/hash.h"
#include "ingest/rule_pack.h"

struct window;

#define WINDOW_CEILING_MIN (1 * MIB)

/* `rule` asks for a window. `ceiling_bytes` bounds what it holds (at least WINDOW_CEILING_MIN is used). NULL: no memory. */
struct window *window_new(const struct window_rule *rule, size_t ceiling_bytes, struct err *err);
void           window_free(struct window *w);
void           window_reset(struct window *w); /* forgets everything */

/*
 * One asking. `client` is what goes into the sketch, `object` whatever names the object; `day` is the UTC day of `time_us`.
 *
 * ST_OK      *again says whether it is a repeat
 * ST_MEMORY  what has to be remembered does not fit: nobody may say that something is no repeat any more
 */
enum st window_ask(struct window *w, uint64_t client, const struct digest *object, int64_t time_us, int32_t day, bool *again,
                   struct err *err);

/*
 * Askings that were taken for the first, though what they would have to be compared with had been forgotten, because
 * others of a quite different time came between. 0 for input in time order.
 */
uint64_t window_n_late(const struct window *w);

/* Of memory, all told. */
size_t window_held_bytes(const struct window *w);

#endif
