/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS is always verified, by the machine's certificates or, where the environment of this program names one, the file in
 * SSL_CERT_FILE (the sandbox cannot set it: the supervisor makes that environment). No proxy, .netrc, cookies, redirects;
 * HTTP/1.1, where a paused transfer buffers nothing.
 */
#include "runner/egress/limits.h"
#include "runner/egress/route_internal.h"

#include <curl/curl.h>
#include <stdlib.h>

void route_transport(void *easy, unsigned hurry)
{
        const char *authorities = secure_getenv("SSL_CERT_FILE");

#if LIBCURL_VERSION_NUM >= 0x075500
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
        curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* a look-up that hangs holds nobody up */
#endif
        curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
        if (authorities && *authorities)
                curl_easy_setopt(easy, CURLOPT_CAINFO, authorities);
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
        curl_easy_setopt(easy, CURLOPT_NETRC, CURL_NETRC_IGNORED);
        curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
        curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(LOOKUP_MS + DIAL_MS) / (long)hurry);
        curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, ROUTE_KEPT_S); /* sooner than upstreams close idle ones */
        curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
}

bool route_stale(void *easy, int code)
{
        long dialled = 1;

        /* curl tries again by itself where it finds out while it reads */
        if (code != CURLE_SEND_ERROR || curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &dialled) != CURLE_OK || dialled)
                return false;
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
        return true;
}

const char *route_failure(int code)
{
        return code == CURLE_OK ? "the upstream's answer has no head" : curl_easy_strerror((CURLcode)code);
}

int route_failure_status(int code)
{
        return code == CURLE_OPERATION_TIMEDOUT ? 504 : 502;
}
