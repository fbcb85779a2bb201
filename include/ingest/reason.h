/*
 * Why a record counts or not. KEEP is the only way to be counted; a filtered record is well-formed and not wanted, a
 * rejected one is damaged. Every line and every record has exactly one reason: read = counted + filtered + rejected.
 */
#ifndef INGEST_REASON_H
#define INGEST_REASON_H

#include "ingest/base.h"

/* name, what a person is told */
#define FILTERED_REASONS(R)                                                      \
    R(BLANK, blank, "an empty line")                                             \
    R(COMMENT, comment, "a comment or a header line")                            \
    R(NOT_A_DOWNLOAD, not_a_download, "no route takes the path")                 \
    R(METHOD, method, "the rules do not count this method")                      \
    R(STATUS, status, "the rules do not count this status")                      \
    R(RANGE, range, "a partial answer that is no download by itself")            \
    R(AGENT, agent, "the rules do not count this user agent")                    \
    R(DATE_RANGE, date_range, "outside --since and --until")                     \
    R(OTHER_ECOSYSTEM, other_ecosystem, "the table holds another ecosystem")     \
    R(DROP_IF, drop_if, "the rules drop lines with this mark")                   \
    R(MIN_BYTES, min_bytes, "fewer bytes than the rules ask for")                \
    R(REPEAT, repeat, "the same client and object again within the window")      \
    R(SIZE_UNKNOWN, size_unknown, "parts of an object whose size is not known")  \
    R(NEEDS_STATE, needs_state, "an event that names no emote of its own")       \
    R(OTHER_SERVICE, other_service, "a request of another service")              \
    R(NO_DATA_TRACE, no_data_trace, "a trace or request that delivered nothing") \
    R(NO_CHANGE, no_change, "an event after which all is as it was")             \
    R(COUNTED_BEFORE, counted_before, "in a part of the input that was counted before") \
    R(UNKNOWN_DIST, unknown_dist, "a tarball that is in no row of dists")        \
    R(UNKNOWN_ARTIFACT, unknown_artifact, "an artifact that no job has made")    \
    R(UNKNOWN_NETWORK, unknown_network, "a temporary network code of no known network") \
    R(ADOPTED, adopted, "counted elsewhere, on a day that was adopted")

#define REJECTED_REASONS(R)                                                      \
    R(FIELDS, fields, "a field is missing, or there are too many")               \
    R(TIME, time, "no such date or time")                                        \
    R(NUMBER, number, "not a number, negative, or too large")                    \
    R(JSON, json, "not a JSON object (RFC 8259)")                                \
    R(ENCODING, encoding, "a key that is not UTF-8 or has a NUL byte")           \
    R(KEY_TOO_LONG, key_too_long, "a key longer than its column")                \
    R(SKETCH, sketch, "a sketch that is not well-formed")                        \
    R(LINE_TOO_LONG, line_too_long, "over 1 MiB without a line feed")            \
    R(TOO_MANY_DAYS, too_many_days, "the input spans more days than are kept")

enum reason {
    KEEP,
#define REASON(upper, lower, about) FILTER_##upper,
    FILTERED_REASONS(REASON)
#undef REASON
#define REASON(upper, lower, about) REJECT_##upper,
    REJECTED_REASONS(REASON)
#undef REASON
    REASONS_N
};

#define FILTERED_FIRST FILTER_BLANK
#define REJECTED_FIRST REJECT_FIELDS

static inline bool
reason_is_rejected(enum reason why)
{
    return why >= REJECTED_FIRST;
}

static inline bool
reason_is_filtered(enum reason why)
{
    return why >= FILTERED_FIRST && why < REJECTED_FIRST;
}

const char *reason_name(enum reason why);  /* "not_a_download"; "counted" for KEEP */
const char *reason_about(enum reason why); /* one clause for people */

#endif
