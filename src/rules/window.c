/*
 * Time is cut into spans, days or stretches as long as the window, and each span has a table of who
 * asked for what. A repeat is found in its own span or in a neighbour. Spans that nothing has
 * touched for long are forgotten: for a window of seconds all but a few, for days when the memory
 * is used up. The span of the day that is being read is never forgotten: that is an error.
 */
#include "ingest/window.h"
#include "ingest/clock.h"

#define SPANS_MAX        512
#define SPANS_OF_SECONDS 16   /* with a window of 30 s, lines may be eight minutes late */
#define FORGOTTEN_MAX    1024 /* numbers of spans; to tell how many lines came too late */
#define SLOTS_FIRST      256

/* A client and an object, as one keyed hash; all of them zero: free. */
struct slot {
    uint64_t key[2];
    uint32_t first_ms, last_ms; /* since the span's beginning */
};

struct span {
    int64_t number;
    struct slot *slots;
    size_t n_slots, n;
    uint64_t touched; /* the asking that did */
    bool reopened;    /* it had been forgotten */
};

struct window {
    struct window_rule rule;
    struct hash_secret secret;
    size_t ceiling_bytes, held_bytes;
    struct span spans[SPANS_MAX];
    size_t n_spans, found; /* the one that was found last: mostly it is asked for again */
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
    for (size_t i = 0; i < w->n_spans; i++)
        free(w->spans[i].slots);
    w->n_spans = w->held_bytes = w->n_forgotten = 0;
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
forget(struct window *w, size_t at)
{
    struct span *span = &w->spans[at];

    w->forgotten[w->n_forgotten++ % FORGOTTEN_MAX] = span->number;
    w->held_bytes -= span->n_slots * sizeof *span->slots;
    free(span->slots);
    *span = w->spans[--w->n_spans];
}

/* The span that was left alone longest and is not near `number`. False: all are. */
static bool
forget_one(struct window *w, int64_t number)
{
    size_t oldest = SIZE_MAX;

    for (size_t i = 0; i < w->n_spans; i++)
        if (!is_near(w, w->spans[i].number, number) &&
            (oldest == SIZE_MAX || w->spans[i].touched < w->spans[oldest].touched))
            oldest = i;
    if (oldest == SIZE_MAX)
        return false;
    forget(w, oldest);
    return true;
}

static struct span *
find_span(struct window *w, int64_t number)
{
    if (w->found < w->n_spans && w->spans[w->found].number == number)
        return &w->spans[w->found];
    for (size_t i = 0; i < w->n_spans; i++)
        if (w->spans[i].number == number) {
            w->found = i;
            return &w->spans[i];
        }
    return NULL;
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
    size_t max = w->rule.kind == WINDOW_DAY ? SPANS_MAX : SPANS_OF_SECONDS;
    struct span span = { .number = number,
                         .n_slots = SLOTS_FIRST,
                         .reopened = was_forgotten(w, number) };

    while (w->n_spans >= max && forget_one(w, number))
        ;
    assert(w->n_spans < max);
    if (!make_room(w, number, SLOTS_FIRST * sizeof *span.slots))
        return too_much(w, number, err);
    if ((span.slots = calloc(SLOTS_FIRST, sizeof *span.slots)) == NULL)
        return err_memory(err, "cannot remember who asked for what");
    w->held_bytes += SLOTS_FIRST * sizeof *span.slots;
    w->spans[w->n_spans++] = span;
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
    span = find_span(w, number); /* others have gone, it may have moved */
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

/* Is it in this span? `apart_ms` is from the beginning of the span to the time that is asked about.
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
