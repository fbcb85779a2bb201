/*
 * Which bytes of an input were counted before, as payloads of their own? Looks at them while they
 * are read, beside the lines: wherever a payload of the ledger may begin (at the beginning, and
 * behind each payload that was found) its head is looked up, and what begins alike is followed to
 * its length, where the hash decides. What was found so far is always a beginning of the input.
 *
 *      | counted before      | counted before | new ...
 *      ^ place 0             ^ place 1        ^ place 2: nothing of the ledger begins so
 */
#include "ingest/base.h"

#include "grown.h"
#include "pipeline_priv.h"

#define PLACES_MAX 4096 /* of one input; a log that is made to have more gets no more looks */
#define TRACKS_MAX 64   /* followed at a time: each costs a hash over what is read */
#define OPEN_LAST                                                                                  \
    64 /* of the payloads that begin at one place: behind the longest others are looked for */

/* Evidence that a short payload, which has no head of its own, is a beginning and not a chance. */
#define SURE_BYTES 1024
#define SURE_LINES 4

struct place {
    uint64_t at;
    char *head; /* gathered; NULL once it has been looked up */
    size_t n_head;
    size_t n_asked; /* bytes of it whose line ends have been looked up */
};

/* What begins at a place, followed to the length of each. */
struct track {
    uint64_t at;
    uint64_t n; /* bytes that the hash has seen */
    struct prefix *prefix;
    struct beginning *known; /* by length */
    size_t n_known, next;
};

/* A digest to look up: of the whole head, or of its bytes up to a line end. */
struct query {
    uint64_t at;
    size_t n;
};

struct cover {
    struct run *run;
    struct ledger_key key;
    int64_t *same_file; /* short payloads that were seen in this very file */
    size_t n_same_file;
    const char *window; /* what was read last: bytes [from, read) */
    uint64_t from, read;
    struct place *places;
    size_t n_places;
    struct track tracks[TRACKS_MAX];
    size_t n_tracks;
    struct query *queries;
    struct digest *digests;
    size_t n_queries, queries_cap;
    struct looked *looked;
    size_t n_looked, looked_cap;
    uint64_t extends_length;
    int64_t extends;
    bool idle;                /* nothing of the ledger begins, or goes on, behind what was read */
    uint64_t half;            /* a payload ends here, and not with a line */
    _Atomic uint64_t covered; /* bytes that were counted before; read by who counts */
};

/* ---- beginning and end ---- */

static enum st
no_memory(struct err *err)
{
    return err_memory(err, "cannot compare an input with the ledger");
}

static bool
open_place(struct cover *c, uint64_t at)
{
    struct place *p = &c->places[c->n_places];

    *p = (struct place){ .at = at, .head = malloc(HEAD_BYTES) };
    c->n_places += p->head != NULL;
    return p->head != NULL;
}

struct cover *
cover_new(struct run *run, const struct ledger_key *key, struct err *err)
{
    struct cover *c = calloc(1, sizeof *c);

    if (c != NULL) {
        c->run = run;
        c->key = *key;
        c->places = calloc(PLACES_MAX, sizeof *c->places);
    }
    if (c != NULL && c->places != NULL && open_place(c, 0))
        return c;
    no_memory(err);
    cover_free(c);
    return NULL;
}

enum st
cover_same_file(struct cover *c, const struct file_id *file, struct err *err)
{
    struct run *run = c->run;
    enum st rc;

    pthread_mutex_lock(&run->lock);
    rc = RUN_TRY_AGAIN(
        run, ledger_find_same_file(&run->ledger, file, &c->same_file, &c->n_same_file, err), err);
    pthread_mutex_unlock(&run->lock);
    return rc;
}

static void
end_track(struct cover *c, size_t i)
{
    prefix_free(c->tracks[i].prefix);
    free(c->tracks[i].known);
    c->tracks[i] = c->tracks[--c->n_tracks];
}

void
cover_free(struct cover *c)
{
    if (c == NULL)
        return;
    while (c->n_tracks > 0)
        end_track(c, 0);
    for (size_t i = 0; i < c->n_places; i++)
        free(c->places[i].head);
    free(c->places);
    free(c->same_file);
    free(c->queries);
    free(c->digests);
    free(c->looked);
    free(c);
}

/* ---- what was found ---- */

static bool
is_same_file(const struct cover *c, int64_t id)
{
    for (size_t i = 0; i < c->n_same_file; i++)
        if (c->same_file[i] == id)
            return true;
    return false;
}

/*
 * All bytes up to `end` are payloads of the ledger, the last of them `b`. As many bytes as a head
 * has are no chance; fewer are one where two small logs begin with the same line.
 */
static bool
is_sure(const struct cover *c, uint64_t at, const struct beginning *b)
{
    return at + b->length >= HEAD_BYTES || (at == 0 && is_same_file(c, b->id)) ||
           (b->length >= SURE_BYTES && b->lines_counted >= SURE_LINES);
}

static bool
has_place(const struct cover *c, uint64_t at)
{
    for (size_t i = c->n_places; i > 0; i--)
        if (c->places[i - 1].at == at)
            return true;
    return false;
}

/* Of those that begin at the place, `n_left` are as long or longer. */
static enum st
found(struct cover *c, uint64_t at, const struct beginning *b, size_t n_left, bool ends_line,
      struct err *err)
{
    uint64_t end = at + b->length;
    bool sure = is_sure(c, at, b);

    if (!ends_line) {
        c->half = sure && end > c->half ? end : c->half;
        return ST_OK;
    }
    if (at == 0 && b->length > c->extends_length) {
        c->extends = b->id;
        c->extends_length = b->length;
    }
    if (sure && end > atomic_load(&c->covered))
        atomic_store(&c->covered, end);
    if (n_left > OPEN_LAST || c->n_places == PLACES_MAX || has_place(c, end))
        return ST_OK;
    return open_place(c, end) ? ST_OK : no_memory(err);
}

/* ---- following what begins alike ---- */

/* To the end of the window. */
static enum st
follow(struct cover *c, struct track *t, struct err *err)
{
    uint64_t pos = t->at + t->n;
    enum st rc = ST_OK;

    while (rc == ST_OK && t->next < t->n_known && pos < c->read) {
        uint64_t end = t->at + t->known[t->next].length;
        uint64_t to = end < c->read ? end : c->read;
        struct digest hash;

        prefix_add(t->prefix, c->window + (pos - c->from), (size_t)(to - pos));
        t->n += to - pos;
        pos = to;
        if (pos < end)
            break;
        hash = prefix_hash(t->prefix);
        for (; rc == ST_OK && t->next < t->n_known && t->known[t->next].length == t->n; t->next++)
            if (digest_eq(&hash, &t->known[t->next].hash))
                rc = found(c, t->at, &t->known[t->next], t->n_known - t->next,
                           c->window[end - 1 - c->from] == '\n', err);
    }
    return rc;
}

static enum st
follow_all(struct cover *c, struct err *err)
{
    enum st rc = ST_OK;

    for (size_t i = 0; rc == ST_OK && i < c->n_tracks;) {
        rc = follow(c, &c->tracks[i], err);
        if (c->tracks[i].next == c->tracks[i].n_known)
            end_track(c, i);
        else
            i++;
    }
    return rc;
}

/* The payloads known[0..n) begin as this place does. */
static enum st
start_track(struct cover *c, const struct place *p, const struct beginning *known, size_t n,
            struct err *err)
{
    struct track *t = &c->tracks[c->n_tracks];

    if (n == 0 || c->n_tracks == TRACKS_MAX)
        return ST_OK;
    *t = (struct track){ .at = p->at, .n_known = n };
    t->prefix = prefix_new(&c->run->ledger.secret);
    t->known = malloc(n * sizeof *t->known);
    c->n_tracks++;
    if (t->prefix == NULL || t->known == NULL)
        return no_memory(err);
    memcpy(t->known, known, n * sizeof *known);
    if (p->at < c->from) { /* the head has what is no longer in the window */
        t->n = c->from - p->at;
        prefix_add(t->prefix, p->head, (size_t)t->n);
    }
    return ST_OK;
}

/* ---- looking heads up ---- */

static enum st
add_query(struct cover *c, const struct place *p, size_t n, struct err *err)
{
    if (c->n_queries == c->queries_cap) {
        size_t cap = c->queries_cap * 2 + 64;
        struct query *queries = realloc(c->queries, cap * sizeof *queries);
        struct digest *digests;

        if (queries == NULL)
            return no_memory(err);
        c->queries = queries;
        if ((digests = realloc(c->digests, cap * sizeof *digests)) == NULL)
            return no_memory(err);
        c->digests = digests;
        c->queries_cap = cap;
    }
    c->queries[c->n_queries] = (struct query){ p->at, n };
    c->digests[c->n_queries++] = hash_keyed(&c->run->ledger.secret, p->head, n);
    return ST_OK;
}

/* What the window adds to the head of a place: each line end may be that of a short payload. */
static enum st
gather(struct cover *c, struct place *p, struct err *err)
{
    uint64_t pos = p->at + p->n_head;
    size_t n = (size_t)(c->read - pos);
    enum st rc = ST_OK;

    if (pos >= c->read)
        return ST_OK;
    if (n > HEAD_BYTES - p->n_head)
        n = HEAD_BYTES - p->n_head;
    memcpy(p->head + p->n_head, c->window + (pos - c->from), n);
    p->n_head += n;
    for (; rc == ST_OK && p->n_asked < p->n_head; p->n_asked++)
        if (p->head[p->n_asked] == '\n' && p->n_asked + 1 < HEAD_BYTES)
            rc = add_query(c, p, p->n_asked + 1, err);
    if (rc == ST_OK && p->n_head == HEAD_BYTES)
        rc = add_query(c, p, HEAD_BYTES, err);
    return rc;
}

static enum st
remember(struct cover *c, const struct digest *head, int64_t n, struct err *err)
{
    if (c->n_looked == c->looked_cap) {
        size_t cap = c->looked_cap * 2 + 64;
        struct looked *looked = realloc(c->looked, cap * sizeof *looked);

        if (looked == NULL)
            return no_memory(err);
        c->looked = looked;
        c->looked_cap = cap;
    }
    c->looked[c->n_looked++] = (struct looked){ *head, n };
    return ST_OK;
}

static struct place *
place_at(struct cover *c, uint64_t at)
{
    struct place *p = c->places;

    while (p->at != at)
        p++;
    return p;
}

/* known[0..n) have the head that was asked for. */
static enum st
answer(struct cover *c, const struct query *q, const struct beginning *known, size_t n,
       struct err *err)
{
    enum st rc = ST_OK;

    if (q->n == HEAD_BYTES)
        return start_track(c, place_at(c, q->at), known, n, err);
    for (size_t i = 0; rc == ST_OK && i < n; i++)
        if (known[i].length == q->n)
            rc = found(c, q->at, &known[i], 1, true, err);
    return rc;
}

static enum st
ask(struct cover *c, struct err *err)
{
    struct run *run = c->run;
    struct beginning *known = NULL;
    size_t n = 0, at = 0;
    enum st rc;

    pthread_mutex_lock(&run->lock);
    rc = grown_find_heads(run, &c->key, c->digests, c->n_queries, &known, &n, err);
    pthread_mutex_unlock(&run->lock);
    for (size_t i = 0; rc == ST_OK && i < c->n_queries; i++) {
        size_t first = at;

        while (at < n && known[at].at == i)
            at++;
        rc = remember(c, &c->digests[i], at > first ? known[first].n : 0, err);
        if (rc == ST_OK)
            rc = answer(c, &c->queries[i], known + first, at - first, err);
    }
    free(known);
    c->n_queries = 0;
    return rc;
}

/* Is any place's head still to be looked up? */
static enum st
look(struct cover *c, bool *asked, struct err *err)
{
    enum st rc = ST_OK;

    for (size_t i = 0; rc == ST_OK && i < c->n_places; i++)
        if (c->places[i].head != NULL)
            rc = gather(c, &c->places[i], err);
    *asked = c->n_queries > 0;
    if (rc == ST_OK && *asked)
        rc = ask(c, err);
    c->idle = c->n_tracks == 0;
    for (size_t i = 0; i < c->n_places; i++) {
        if (c->places[i].n_head == HEAD_BYTES) {
            free(c->places[i].head);
            c->places[i].head = NULL;
            c->places[i].n_head = 0;
        }
        c->idle = c->idle && c->places[i].head == NULL;
    }
    return rc;
}

enum st
cover_watch(void *ctx, const char *p, size_t n, struct err *err)
{
    struct cover *c = ctx;
    bool asked = !c->idle;
    enum st rc = ST_OK;

    c->window = p;
    c->from = c->read;
    c->read += n;
    while (rc == ST_OK && asked && (rc = follow_all(c, err)) == ST_OK)
        rc = look(c, &asked, err);
    return rc;
}

/* ---- what is to be known of it ---- */

uint64_t
cover_so_far(const struct cover *c)
{
    return atomic_load(&c->covered);
}

/* Is something of the ledger longer that begins where the new begins? (Of the whole input the
 * ledger is asked later.) */
static void
note_longer(const struct cover *c, struct covered *out)
{
    for (size_t i = 0; i < c->n_tracks; i++) {
        const struct track *t = &c->tracks[i];

        if (t->at != out->n || t->at == 0 || t->next == t->n_known)
            continue;
        out->is_older = true;
        snprintf(out->counted, sizeof out->counted, "%s", t->known[t->n_known - 1].counted);
    }
}

void
cover_end(struct cover *c, struct covered *out)
{
    if (c->read > 0 && has_place(c, c->read))
        atomic_store(&c->covered, c->read); /* short ones too, if they are all there is */
    *out = (struct covered){ .n = atomic_load(&c->covered), .all = c->read > 0 };
    out->all = out->all && out->n == c->read;
    out->extends = out->n > 0 ? c->extends : 0;
    out->half = c->half > out->n;
    note_longer(c, out);
    out->looked = c->looked;
    out->n_looked = c->n_looked;
    c->looked = NULL;
    c->n_looked = c->looked_cap = 0;
}
