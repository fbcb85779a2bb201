/*
 * Fastly's log as text, in the two shapes that registries read, behind the syslog head:
 *
 *     192.0.2.7 Mon, 30 Nov 2015 21:00:05 GMT /gems/a-1.0.gem 200 AGENT...                rubygems.org
 *     192.0.2.7 [30/Nov/2015:21:00:05 +0000] "GET /tarballs/a-1.0.tar" 200 "AGENT" ...    hex.pm; or "Mon, 30 Nov ..."
 */
#ifndef INGEST_FORMAT_FASTLY_TEXT_H
#define INGEST_FORMAT_FASTLY_TEXT_H

#include "ingest/format.h"

/* As the `line` of a format: one line, one record. */
enum reason fastly_text_line(struct parser *p, struct slice line, struct record *rec);

#endif
