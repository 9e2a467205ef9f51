/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_FURNITURE_H
#define CUPEL_DIRECTOR_FURNITURE_H

/*
 * What stands in the clean room: the plan's words translated into what the sandbox shows. Carried and shown folders that
 * are not there are left out (nothing opens by leaving out); everything else is as the run had it.
 *
 *         options = furniture_layers(d);                          how its layers are made
 *         furniture_cage(d, "room", &cage, err);                  before the cage
 *         furniture_plan(d, "room", &stack.dirs, &plan, err);     the sandbox plan
 *         furniture_step(d, verifier, &step);                     one verifier
 */

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/git/layer.h"

struct cage_plan;
struct director;
struct plan_verifier;
struct sandbox_plan;
struct sandbox_step;

#define FURNITURE_OBJECTS "/cupel/objects"

struct layer_options furniture_layers(const struct director *d);
int furniture_cage(const struct director *d, const char *room, struct cage_plan *ret, struct err *err);
int furniture_plan(const struct director *d, const char *room, const struct strv *layers, struct sandbox_plan *ret,
                   struct err *err);
void furniture_step(const struct director *d, const struct plan_verifier *verifier, struct sandbox_step *ret);

#endif
