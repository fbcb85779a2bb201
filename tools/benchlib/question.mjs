// What both databases need: the columns of CloudFront's log, and text as a literal.
export const columns = ("date time x_edge_location sc_bytes c_ip cs_method cs_host cs_uri_stem sc_status cs_referer " +
  "cs_user_agent cs_uri_query cs_cookie x_edge_result_type x_edge_request_id x_host_header cs_protocol cs_bytes " +
  "time_taken x_forwarded_for ssl_protocol ssl_cipher x_edge_response_result_type cs_protocol_version fle_status " +
  "fle_encrypted_fields c_port time_to_first_byte x_edge_detailed_result_type sc_content_type sc_content_len " +
  "sc_range_start sc_range_end").split(" ");

// The route's version is strict SemVer 2.0.0 (RE2 knows no look-around, and this needs none).
const number = "(?:0|[1-9][0-9]*)";
const pre = `(?:${number}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)`;
export const semver = `${number}\\.${number}\\.${number}(?:-${pre}(?:\\.${pre})*)?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?`;

export const quoted = (text) => `'${text.replaceAll("'", "''")}'`;
