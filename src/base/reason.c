/*
 * The words for every reason, from the one list in reason.h.
 */
#include "ingest/reason.h"

static const struct {
    const char *name, *about;
} words[REASONS_N] = {
    [KEEP] = { "counted", "counted" },
#define REASON(upper, lower, about) [FILTER_##upper] = { #lower, about },
    FILTERED_REASONS(REASON)
#undef REASON
#define REASON(upper, lower, about) [REJECT_##upper] = { #lower, about },
    REJECTED_REASONS(REASON)
#undef REASON
};

const char *
reason_name(enum reason why)
{
    return words[why].name;
}

const char *
reason_about(enum reason why)
{
    return words[why].about;
}
