/*
 * What the configuration file says besides [ingest]: rule packs, formats and sources by name. All of it is checked when the
 * file is read, used or not, and lives until the program ends.
 *
 *   ini.c            the syntax
 *   config.c         which file; [ingest]; which section is whose
 *   config_rules.c   [rules NAME]: a struct rule_pack; config_rule_keys.c what each key does to it
 *   config_format.c  [format NAME]: a format with its options
 *   config_source.c  [source NAME]: where logs come from, for `ingest run` and `ingest status`
 *   config_value.c   words, numbers, durations, and what to say of a wrong one
 */
#ifndef CONFIG_H
#define CONFIG_H

#include "ingest/format.h"
#include "ingest/rule_pack.h"

#include "ini.h"

struct config_pack {
    struct rule_pack    pack;
    uint64_t            line_no; /* of its [rules NAME] */
    struct config_pack *next;    /* in the order of the file */
};

struct config_pair {
    const char *key, *value;
    uint64_t    line_no;
};

#define CONFIG_PAIRS_MAX 64

struct config_format {
    const char          *name;
    uint64_t             line_no;
    const struct format *format;  /* whose lines they are, read with these options */
    struct format_options options;
    struct config_pair   pairs[CONFIG_PAIRS_MAX];
    size_t               n_pairs;
    struct config_format *next;
};

struct config_source {
    const char *name;
    uint64_t    line_no;
    const char *const *files;    /* paths and patterns, as written */
    size_t      n_files;
    const char *format, *rules, *dataset, *node; /* as the options of these names; NULL: not said */
    uint64_t    settle_seconds;  /* how long after the end of a day (UTC) lines of it may still come; 0: as its format has it */
    uint64_t    expected_seconds; /* how long it may take until the next payload comes; 0: not said */
    struct config_source *next;
};

/* A key as the file says it, for `ingest config`. */
struct config_said {
    struct ini_entry    entry; /* key NULL: the section */
    struct config_said *next;  /* in the order of the file */
};

struct config {
    char                  path[512]; /* "" where there is no file */
    struct config_said   *said;
    struct arena          arena;
    struct config_pack   *packs;
    struct config_format *formats;
    struct config_source *sources;
};

/*
 * A pack that comes with the program or one of the file; `name` NULL: `default`. `config` may be NULL. ST_USAGE: there is
 * none, and these are the names.
 */
enum st config_find_pack(const struct config *config, const char *name, const struct rule_pack **out, struct err *err);

/* What `key` of [rules NAME] does, done to a pack; the texts live as long as config->arena and `value`. */
enum st config_pack_set(struct config *config, struct config_pack *pack, const char *key, const char *value,
                        struct err *err);

/* NULL: the file has no such format. */
const struct config_format *config_find_format(const struct config *config, const char *name);

/* ---- between the files of the configuration ---- */

#define CONFIG_WHAT "cannot read the configuration"

/* The option that a key of [ingest] is: 'fdsn_networks' and 'fdsn-networks'; -1: none. */
int config_find_key(const char *key);

/* A section of one kind: it begins (entry->key NULL), gets its keys, and is ended by the next section or the file. */
struct section_kind {
    const char *kind;
    enum st (*take)(struct config *config, const struct ini_entry *entry, struct err *err);
    enum st (*end)(struct config *config, struct err *err); /* of the section that began last */
};
extern const struct section_kind section_rules, section_format, section_source;

/* A key of [rules NAME]. What it reads lives as long as `arena` and the entry. ST_OK; ST_USAGE; ST_MEMORY. */
struct rule_key {
    const char *name;
    enum st (*read)(struct rule_pack *pack, struct arena *arena, const struct ini_entry *entry, struct err *err);
    bool        often; /* may come more than once */
};
#define RULE_KEYS_MAX 64 /* a bit each, in config_once() */
extern const struct rule_key rule_keys[]; /* the first, `base`, has no `read` */
extern const size_t          n_rule_keys;

/* The name of a [KIND NAME]: 1 to 63 bytes of letters, digits, '_', '-' and '.'. */
enum st config_check_name(const struct ini_entry *entry, struct err *err);
/* "no such WHAT: "WORD"", with the nearest of `words`, or all of them. */
enum st config_no_such(const char *what, const char *word, const char *const *words, size_t n, struct err *err);
enum st config_bad_value(const struct ini_entry *entry, const char *hint, struct err *err);
/* [rules x] has this key already; or marks it as seen. `seen` has a bit for each key of the table. */
enum st config_once(const struct ini_entry *entry, size_t key, uint64_t *seen, struct err *err);

/* Words between blanks and commas; one that holds those stands in double quotes. At least one. */
enum st config_words(const struct ini_entry *entry, struct arena *arena, const char *const **out, size_t *n,
                     struct err *err);
/* "30", "30s", "5m", "12h", "7d": 1 second to 10 years. */
bool config_duration(const char *text, uint64_t *seconds);
bool config_bool(const char *text, bool *out);
/* "none", "day", or a duration of a day at most. */
bool config_window(const char *text, struct window_rule *out);

#endif
