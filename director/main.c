/* SPDX-License-Identifier: Apache-2.0 */
/* cupel-director: the control plane's gate and the only writer of refs and objects. See director/director.h. */
#include "director/director.h"

#include "lib/base/memory.h"

int main(int argc, char **argv)
{
        struct director_options options;
        struct director director;
        struct err err = ERR_INIT;
        int failed, status;

        memory_keep();
        if (director_options_parse(argc, argv, &options, &err) < 0) {
                err_report(stderr, "cupel-director", &err);
                return err_exit_status(&err);
        }
        failed = director_open(&director, &options, &err) < 0 || director_run(&director, &err) < 0;
        if (failed && !director_is_unwanted(&director)) {
                uplink_error(&director.up, &err);
                err_report(stderr, "cupel-director", &err);
        }
        status = failed ? err_exit_status(&err) : 0;
        director_leave(&director);
        memory_leave(status);
        director_close(&director);
        return status;
}
