/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cycles among items: who depends on whom, and parents, which are done after their children. Read in whole from the tables, then
 * walked depth first without recursion, since a chain may be as long as the queue. The cycle is told link by link.
 */
#include "lib/store/queue_internal.h"

#include <stdlib.h>
#include <string.h>

#define TOLD_MOST 8 /* links of a cycle that are named */

struct edge {
        size_t from, to;
};

enum colour {
        UNSEEN,
        ON_PATH,
        CLEAR,
};

struct graph {
        struct strv names;  /* sorted, unique */
        struct edge *edges; /* sorted by `from` */
        size_t len;
        size_t *first; /* of each node its first edge; one more at the end */
        enum colour *colours;
        size_t *next; /* the edge that is looked at next */
        size_t *path;
        size_t depth;
};

static void graph_release(struct graph *graph)
{
        strv_release(&graph->names);
        free(graph->edges);
        free(graph->first);
        free(graph->colours);
        free(graph->next);
        free(graph->path);
}

static int compare_edges(const void *a, const void *b)
{
        const struct edge *one = a, *other = b;

        return one->from < other->from ? -1 : one->from > other->from;
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

static size_t node_of(const struct graph *graph, const char *name)
{
        char *const *found =
                bsearch(&name, graph->names.items, graph->names.len, sizeof(*graph->names.items), compare_names);

        return (size_t)(found - graph->names.items);
}

static int read_edges(struct store *store, struct strv *ret, struct err *err)
{
        struct sqlite3_stmt *list = db_use(store, SQL_QUEUE_EDGES, err);
        int got;

        if (!list)
                return -1;
        while ((got = db_step(store, list, err)) > 0) {
                strv_add(ret, db_column(list, 0));
                strv_add(ret, db_column(list, 1));
        }
        return got;
}

static void build(struct graph *graph, const struct strv *ends)
{
        size_t nodes;

        strv_copy(&graph->names, ends);
        strv_sort_unique(&graph->names);
        nodes = graph->names.len;
        graph->len = ends->len / 2;
        graph->edges = xcalloc(graph->len, sizeof(*graph->edges));
        for (size_t i = 0; i < graph->len; i++)
                graph->edges[i] =
                        (struct edge){node_of(graph, ends->items[2 * i]), node_of(graph, ends->items[2 * i + 1])};
        qsort(graph->edges, graph->len, sizeof(*graph->edges), compare_edges);
        graph->first = xcalloc(nodes + 1, sizeof(*graph->first));
        graph->colours = xcalloc(nodes, sizeof(*graph->colours));
        graph->next = xcalloc(nodes, sizeof(*graph->next));
        graph->path = xcalloc(nodes, sizeof(*graph->path));
        for (size_t i = 0; i < graph->len; i++)
                graph->first[graph->edges[i].from + 1]++;
        for (size_t i = 0; i < nodes; i++)
                graph->first[i + 1] += graph->first[i];
}

static int tell_cycle(const struct graph *graph, size_t from, char **ret_member, struct err *err)
{
        _cleanup_str_ struct str told = {0};
        size_t start = graph->depth - 1;

        while (graph->path[start] != from)
                start--;
        *ret_member = xstrdup(graph->names.items[from]);
        if (start == graph->depth - 1)
                return err_set(err, ERR_INPUT, "item %s waits for itself", graph->names.items[from]);
        for (size_t i = start; i < graph->depth && i < start + TOLD_MOST; i++)
                str_printf(&told, "%s -> ", graph->names.items[graph->path[i]]);
        if (graph->depth > start + TOLD_MOST)
                str_puts(&told, "... -> ");
        return err_set(err, ERR_INPUT, "items would wait for each other: %s%s (depends and parent; take one away)",
                       str_text(&told), graph->names.items[from]);
}

static void enter(struct graph *graph, size_t node)
{
        graph->colours[node] = ON_PATH;
        graph->next[node] = graph->first[node];
        graph->path[graph->depth++] = node;
}

static int walk(struct graph *graph, size_t root, char **ret_member, struct err *err)
{
        enter(graph, root);
        while (graph->depth) {
                const size_t node = graph->path[graph->depth - 1];
                size_t to;

                if (graph->next[node] == graph->first[node + 1]) {
                        graph->colours[node] = CLEAR;
                        graph->depth--;
                        continue;
                }
                to = graph->edges[graph->next[node]++].to;
                if (graph->colours[to] == ON_PATH)
                        return tell_cycle(graph, to, ret_member, err);
                if (graph->colours[to] == UNSEEN)
                        enter(graph, to);
        }
        return 0;
}

int queue_check_cycles(struct store *store, char **ret_member, struct err *err)
{
        __attribute__((cleanup(graph_release))) struct graph graph = {0};
        _cleanup_strv_ struct strv ends = {0};

        if (read_edges(store, &ends, err) < 0)
                return -1;
        if (!ends.len)
                return 0;
        build(&graph, &ends);
        for (size_t i = 0; i < graph.names.len; i++)
                if (graph.colours[i] == UNSEEN && walk(&graph, i, ret_member, err) < 0)
                        return -1;
        return 0;
}
