/*
 * What a syslog relay puts in front of a line that somebody else wrote. A log that came that way has it in front of every
 * line, whatever format stands behind it; so it is cut off here, before the format sees the line.
 *
 *     <134>2024-03-01T00:00:01Z host tag[1]: LINE              RFC 3164, with Fastly's time ("classic")
 *     <190>Mar  1 00:00:01 host nginx: LINE                    RFC 3164
 *     <134>1 2024-03-01T00:00:01Z host app 1 - - LINE          RFC 5424 (Fastly's "loggly")
 *     129 <134>1 2024-03-01T00:00:01Z host app 1 - - LINE      RFC 6587, 3.4.1 (Fastly's "logplex")
 *     Mar  1 00:00:01 host haproxy[1]: LINE                    as rsyslog writes a file; the ISO time as well
 */
#ifndef INGEST_FORMAT_SYSLOG_H
#define INGEST_FORMAT_SYSLOG_H

#include "ingest/format.h"

#define SYSLOG_LOOK_LINES 16 /* a log without a head in the first ones has none */

/* The message behind the head of `line`, or the line as it is. `bare`: also behind a head without <PRI>. */
struct slice syslog_message(struct slice line, bool bare);

/* Is p .. end such a head from end to end, of the kind that Fastly calls classic? No is no harm. */
bool syslog_is_classic(const char *p, const char *end);

/* The same for the line at p->at, as long as p->heads is not HEADS_NONE; decides that. */
struct slice syslog_line(struct parser *p, struct slice line);

#endif
