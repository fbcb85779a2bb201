/*
 * The page of `ingest report`, but for its document: HTML in UTF-8, style and script inside, made from src/report/page/
 * by the build. Between the two parts goes, in the body of the page:
 *
 *   <noscript><pre>the report as text, escaped as HTML</pre></noscript>
 *   <script type="application/json" id="report">the document, without any `<`</script>
 *
 * The policy of the page lets no other script or style run than its own, and fetches nothing.
 */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include <stddef.h>

extern const char   report_page_head[], report_page_tail[]; /* each has a NUL behind its end */
extern const size_t report_page_head_bytes, report_page_tail_bytes;

#endif
