/*
 * Inside the classes of user agents.
 *
 *   agent_file.c     patterns from a file, as lines or as JSON
 *   agent_fits.c     does a pattern that is more than plain text fit a text?
 *   agent_lists.c    the patterns that are built in
 *   agent_pattern.c  one pattern, compiled: bytes that every match holds, and how the rest is told
 *   agent_symbol.c   its bytes, escapes and classes
 *   agent_trie.c     those bytes of all patterns in one automaton: which of them does a text hold?
 *   agents.c         the class of a user agent, and the memory of it
 */
#ifndef INGEST_AGENT_PRIV_H
#define INGEST_AGENT_PRIV_H

#include "ingest/agents.h"
#include "ingest/arena.h"
#include "ingest/base.h"

/* ---- one pattern ---- */

#define POSITIONS_MAX 256 /* of a pattern with more in it than plain text; what a text of a user agent calls for is under 60 */

/* Places of a pattern, a bit each. */
struct positions {
    uint64_t w[POSITIONS_MAX / 64];
};

/* What may stand at one place: some bytes, or the beginning or the end of the text. */
struct symbol {
    uint64_t bytes[4];
    bool     start, end;
};

/*
 * A pattern as V. M. Glushkov has it ("The abstract theory of automata", 1961): each byte that is written in it is a place; a
 * match walks from place to place. All places that may have been reached are known at once, so that a text is read once
 * whatever the pattern is.
 */
struct pattern {
    struct slice text;            /* as written; ends in NUL */
    const char  *file;            /* NULL: built in */
    uint64_t     line_no;
    enum agent_class class;
    bool         fold;            /* case does not matter */
    struct symbol begins;         /* the bytes that a match may begin with */
    bool         anchored;        /* a match begins where the text does */
    bool         plain;           /* nothing but text: a match is a place where factors[0] stands */
    struct slice exact;           /* plain: that text as written, its escapes undone */
    struct slice *factors;        /* lower case: each match holds one of these; none: look at every text */
    size_t       n_factors;
    size_t       n;               /* places; 0 when plain */
    struct symbol    *symbols;
    struct positions *follow;     /* where a match may go from each place */
    struct positions  first, last;
};

/* Fills in everything from `factors` on, from text and fold. ST_USAGE: err->cause says which byte, and why; ST_MEMORY. */
enum st pattern_compile(struct pattern *p, struct arena *arena, struct err *err);

/* Does it fit somewhere in `text`? `whole`: the text is not cut, `$` may fit its end. Not for plain ones. */
bool pattern_fits(const struct pattern *p, struct slice text, bool whole);

static inline char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static inline void
positions_unite(struct positions *into, const struct positions *from)
{
    for (size_t i = 0; i < ARRAY_LEN(into->w); i++)
        into->w[i] |= from->w[i];
}

static inline void
symbol_add(struct symbol *s, unsigned char byte)
{
    s->bytes[byte / 64] |= UINT64_C(1) << byte % 64;
}

static inline bool
symbol_has(const struct symbol *s, unsigned char byte)
{
    return s->bytes[byte / 64] >> byte % 64 & 1;
}

/* ---- a pattern while it is read ---- */

struct pattern_source {
    struct slice text; /* ends in NUL */
    size_t       at;   /* the next byte */
    bool         fold; /* case does not matter */
    struct err  *err;
};

/* ST_USAGE into in->err: what is wrong at byte `at`. Returns false, always. */
bool pattern_wrong(const struct pattern_source *in, size_t at, const char *why);

/* Adds the other case of each letter that it has. */
void symbol_fold(struct symbol *s);
/* The one byte that it stands for, in lower case; -1: there are several, or none. */
int  symbol_only(const struct symbol *s);
/* Adds the set that is written \d, \s, \w, or what is not in it: \D, \S, \W. False: `letter` names none. */
bool symbol_add_named(struct symbol *s, char letter);
/* Reads a backslash and what stands behind it, adding to `s`. *byte: the one byte that was meant; -1: a set. */
bool symbol_read_escape(struct pattern_source *in, struct symbol *s, int *byte);
/* Reads [...], up to and with its end. */
bool symbol_read_class(struct pattern_source *in, struct symbol *s);

/* ---- all of them ---- */

#define PATTERNS_MAX 100000

/* A growing list. The first are looked up first: see agents.c. */
struct pattern_list {
    struct pattern *at;
    size_t          n, cap;
    struct arena   *arena; /* of everything that patterns point to */
};

/* Adds a pattern and compiles it. `text` is copied, `file` borrowed for the run. */
enum st pattern_add(struct pattern_list *list, struct slice text, enum agent_class class, bool fold,
                    const char *file, uint64_t line_no, struct err *err);

/* Adds what a file holds. */
enum st agent_file_read(struct pattern_list *list, const char *path, enum agent_class class, struct err *err);
/* The same from memory. */
enum st agent_file_parse(struct pattern_list *list, struct slice text, const char *path,
                         enum agent_class class, struct err *err);

struct builtin_agent {
    enum agent_class class;
    const char      *pattern; /* case does not matter */
};
extern const struct builtin_agent builtin_agents[];
extern const size_t               n_builtin_agents;

/* ---- the automaton ---- */

/*
 * A. V. Aho and M. J. Corasick, "Efficient string matching", 1975. Nodes in breadth-first order, so that the children of
 * a node stand together; 0 is the root.
 */
struct trie_node {
    uint32_t first_child;
    uint32_t fail;      /* the longest proper end of this node's text that is a node too */
    uint32_t reported;  /* this node or the nearest one along `fail` that ends a factor; 0: none */
    uint32_t first_end; /* in trie.ends */
    uint32_t n_ends;
    uint16_t n_children;
    char     byte;
};

struct trie {
    struct trie_node *nodes;
    size_t            n_nodes;
    uint32_t         *ends;      /* numbers of patterns, by node */
    uint32_t          root[256]; /* the root's children by byte */
};

/* Of all factors of all patterns, in `arena`. ST_OK, ST_MEMORY. */
enum st trie_init(struct trie *t, const struct pattern_list *list, struct arena *arena, struct err *err);

/* The node behind one more byte (lower case). */
static inline uint32_t
trie_step(const struct trie *t, uint32_t at, char byte)
{
    while (at != 0) {
        const struct trie_node *node = &t->nodes[at];

        for (uint32_t i = node->first_child; i < node->first_child + node->n_children; i++)
            if (t->nodes[i].byte == byte)
                return i;
        at = node->fail;
    }
    return t->root[(unsigned char)byte];
}

#endif
