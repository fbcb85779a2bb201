/*
 * Time is cut into spans, days or stretches as long as the window, and each span has a table of who
 * asked for what. A repeat is found in its own span or in a neighbour. Logs that overlap come one
 * after the other, so spans are kept while there is room; then the one that was left alone longest
 * is forgotten. The span of the line that is being read, and its neighbours, are never: that is an
 * error.
 */
#include "ingest/window.h"
#include "ingest/clock.h"

#define SPANS_MAX     4096 /* 11 years of days, 34 hours of 30 s */
#define FORGOTTEN_MAX 1024 /* numbers of spans; to tell how many lines came too late */
#define SLOTS_FIRST   256

/* A client and an object, as one keyed hash; all of them zero: free. */
struct slot {
    uint64_t key[2];
    uint32_t first_ms, last_ms; /* since the span's beginning */
};

struct span {
    int64_t number;
    struct slot *slots; /* NULL: none is here */
    size_t n_slots, n;
    uint64_t touched; /* the asking that did */
    bool reopened;    /* it had been forgotten */
};

struct window {
    struct window_rule rule;
    struct hash_secret secret;
    size_t ceiling_bytes, held_bytes;
    struct span spans[SPANS_MAX]; /* each in the place that the remainder of its number gives */
    uint64_t n_asked, n_late;
    int64_t forgotten[FORGOTTEN_MAX]; /* a ring */
    size_t n_forgotten;
};

struct window *
window_new(const struct window_rule *rule, size_t ceiling_bytes, struct err *err)
{
    struct window *w = calloc(1, sizeof *w);

    assert(rule->kind != WINDOW_NONE);
    if (w == NULL) {
        err_memory(err, "cannot remember who asked for what");
        return NULL;
    }
    w->rule = *rule;
    w->ceiling_bytes = ceiling_bytes > WINDOW_CEILING_MIN ? ceiling_bytes : WINDOW_CEILING_MIN;
    hash_secret_random(&w->secret);
    return w;
}

void
window_reset(struct window *w)
{
    for (size_t i = 0; i < SPANS_MAX; i++)
        free(w->spans[i].slots);
    memset(w->spans, 0, sizeof w->spans);
    w->held_bytes = w->n_forgotten = 0;
    w->n_asked = w->n_late = 0;
}

void
window_free(struct window *w)
{
    if (w == NULL)
        return;
    window_reset(w);
    free(w);
}

uint64_t
window_n_late(const struct window *w)
{
    return w->n_late;
}

size_t
window_held_bytes(const struct window *w)
{
    return w->held_bytes;
}

/* ---- spans ---- */

static bool
is_near(const struct window *w, int64_t a, int64_t b)
{
    return w->rule.kind == WINDOW_DAY ? a == b : a - b <= 1 && b - a <= 1;
}

static void
forget(struct window *w, struct span *span)
{
    w->forgotten[w->n_forgotten++ % FORGOTTEN_MAX] = span->number;
    w->held_bytes -= span->n_slots * sizeof *span->slots;
    free(span->slots);
    span->slots = NULL;
}

/* The span that was left alone longest and is not near `number`. False: all are. */
static bool
forget_one(struct window *w, int64_t number)
{
    struct span *oldest = NULL;

    for (size_t i = 0; i < SPANS_MAX; i++) {
        struct span *span = &w->spans[i];

        if (span->slots != NULL && !is_near(w, span->number, number) &&
            (oldest == NULL || span->touched < oldest->touched))
            oldest = span;
    }
    if (oldest == NULL)
        return false;
    forget(w, oldest);
    return true;
}

/* Times are from 1970 on; only the neighbour of the first span is below. */
static struct span *
place_of(struct window *w, int64_t number)
{
    return &w->spans[(uint64_t)number % SPANS_MAX];
}

static struct span *
find_span(struct window *w, int64_t number)
{
    struct span *span = place_of(w, number);

    return span->slots != NULL && span->number == number ? span : NULL;
}

static bool
was_forgotten(const struct window *w, int64_t number)
{
    size_t n = w->n_forgotten < FORGOTTEN_MAX ? w->n_forgotten : FORGOTTEN_MAX;

    for (size_t i = 0; i < n; i++)
        if (w->forgotten[i] == number)
            return true;
    return false;
}

static enum st
too_much(const struct window *w, int64_t number, struct err *err)
{
    const char *what = "cannot remember who asked for what";
    char day[11];

    if (w->rule.kind == WINDOW_DAY) {
        clock_format_day((int32_t)number, day);
        err_fail(err, ST_MEMORY, what, "of %s alone it takes more than %zu MiB", day,
                 w->ceiling_bytes / MIB);
    } else {
        err_fail(err, ST_MEMORY, what, "of %" PRIu32 " seconds it takes more than %zu MiB",
                 w->rule.seconds, w->ceiling_bytes / MIB);
    }
    err_hint(err, "nothing of this run is counted; say a larger --memory, half of it is for this");
    return ST_MEMORY;
}

/* `bytes` more for a span near `number`, if need be at the cost of others. */
static bool
make_room(struct window *w, int64_t number, size_t bytes)
{
    while (w->held_bytes + bytes > w->ceiling_bytes)
        if (!forget_one(w, number))
            return false;
    return true;
}

static enum st
open_span(struct window *w, int64_t number, struct err *err)
{
    struct span *span = place_of(w, number);

    if (span->slots != NULL) /* of a time far away */
        forget(w, span);
    if (!make_room(w, number, SLOTS_FIRST * sizeof *span->slots))
        return too_much(w, number, err);
    *span = (struct span){ .number = number,
                           .n_slots = SLOTS_FIRST,
                           .reopened = was_forgotten(w, number) };
    if ((span->slots = calloc(SLOTS_FIRST, sizeof *span->slots)) == NULL)
        return err_memory(err, "cannot remember who asked for what");
    w->held_bytes += SLOTS_FIRST * sizeof *span->slots;
    return ST_OK;
}

/* ---- slots ---- */

/* Where the key is, or the free slot where it belongs. */
static struct slot *
find_slot(const struct span *span, const uint64_t key[2])
{
    size_t at = key[0] & (span->n_slots - 1);

    for (;; at = (at + 1) & (span->n_slots - 1)) {
        struct slot *slot = &span->slots[at];

        if ((slot->key[0] == key[0] && slot->key[1] == key[1]) ||
            (slot->key[0] == 0 && slot->key[1] == 0))
            return slot;
    }
}

static bool
is_free(const struct slot *slot)
{
    return slot->key[0] == 0 && slot->key[1] == 0;
}

/* Twice the room for a span. */
static enum st
grow(struct window *w, int64_t number, struct err *err)
{
    struct span *span = find_span(w, number), bigger = *span;
    size_t bytes;

    bigger.n_slots *= 2;
    bytes = bigger.n_slots * sizeof *bigger.slots;
    if (!make_room(w, number, bytes)) /* a table may be rather full before it is an error */
        return bigger.n < bigger.n_slots / 16 * 7 ? ST_OK : too_much(w, number, err);
    if ((bigger.slots = calloc(bigger.n_slots, sizeof *bigger.slots)) == NULL)
        return err_memory(err, "cannot remember who asked for what");
    for (size_t i = 0; i < span->n_slots; i++)
        if (!is_free(&span->slots[i]))
            *find_slot(&bigger, span->slots[i].key) = span->slots[i];
    w->held_bytes += bytes - span->n_slots * sizeof *span->slots;
    free(span->slots);
    *span = bigger;
    return ST_OK;
}

static enum st
put(struct window *w, int64_t number, const uint64_t key[2], uint32_t ms, bool again,
    struct err *err)
{
    struct span *span = find_span(w, number);
    struct slot *slot;
    enum st rc = ST_OK;

    if (span == NULL)
        rc = open_span(w, number, err);
    else if (span->n >= span->n_slots / 4 * 3)
        rc = grow(w, number, err);
    if (rc != ST_OK)
        return rc;
    span = find_span(w, number);
    slot = find_slot(span, key);
    *slot = (struct slot){ { key[0], key[1] }, ms, ms };
    span->n++;
    span->touched = w->n_asked;
    w->n_late += span->reopened && !again;
    return ST_OK;
}

/* ---- asking ---- */

/*
 * Is it in this span? `apart_ms` is from the beginning of the span to the time that is asked about.
 */
static bool
is_there(struct window *w, int64_t number, const uint64_t key[2], int64_t apart_ms)
{
    struct span *span = find_span(w, number);
    int64_t reach_ms = (int64_t)w->rule.seconds * 1000;
    struct slot *slot;

    if (span == NULL)
        return false;
    span->touched = w->n_asked;
    slot = find_slot(span, key);
    return !is_free(slot) &&
           (apart_ms < 0 ? slot->first_ms - apart_ms : apart_ms - slot->last_ms) <= reach_ms;
}

/* In its own span it is a repeat anyway, and moves the window. */
static bool
slide(struct window *w, int64_t number, const uint64_t key[2], uint32_t ms)
{
    struct span *span = find_span(w, number);
    struct slot *slot;

    if (span == NULL)
        return false;
    span->touched = w->n_asked;
    slot = find_slot(span, key);
    if (is_free(slot))
        return false;
    if (ms < slot->first_ms)
        slot->first_ms = ms;
    if (ms > slot->last_ms)
        slot->last_ms = ms;
    return true;
}

enum st
window_ask(struct window *w, uint64_t client, const struct digest *object, int64_t time_us,
           int32_t day, bool *again, struct err *err)
{
    uint8_t message[sizeof client + sizeof object->b];
    int64_t number = day, ms = time_us / 1000, length_ms = (int64_t)w->rule.seconds * 1000;
    struct digest digest;
    uint64_t key[2];

    memcpy(message, &client, sizeof client);
    memcpy(message + sizeof client, object->b, sizeof object->b);
    digest = hash_keyed(&w->secret, message, sizeof message);
    memcpy(key, digest.b, sizeof key);
    key[0] += key[0] == 0 && key[1] == 0;
    w->n_asked++;
    if (w->rule.kind == WINDOW_DAY) {
        ms = 0;
    } else {
        number = ms / length_ms;
        ms -= number * length_ms;
    }
    *again = slide(w, number, key, (uint32_t)ms);
    if (*again)
        return ST_OK;
    if (w->rule.kind == WINDOW_SECONDS)
        *again = is_there(w, number - 1, key, ms + length_ms) ||
                 is_there(w, number + 1, key, ms - length_ms);
    return put(w, number, key, (uint32_t)ms, *again, err);
}
