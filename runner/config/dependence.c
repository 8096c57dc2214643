#include "runner/config/dependence.h"

#include "runner/base/hash_table.h"

#include <string.h>

struct source { /* a setting, listed at what it sets */
    struct setting *setting;
    struct source *next;
};

struct node {         /* a section or a `let` name */
    const char *name; /* first: it is found by it */
    const struct tree *tree;
    struct source *sources;
    unsigned seen; /* bits, as struct setting has them */
};

struct graph {
    struct arena arena;
    struct node *nodes; /* the sections, then the names of `let` */
    size_t n_nodes;
    struct hash_table names;
    struct source *all;
    uint32_t n_settings;
    struct node **queue; /* nodes that `bit` depends on */
    size_t n_queued;
    unsigned bit;
    bool everything;
};

static struct node *find(const struct graph *graph, const char *text, size_t length) {
    return hash_table_find_name(&graph->names, text, length);
}

static void add_node(struct graph *graph, const char *name, const struct tree *tree) {
    struct node *node = &graph->nodes[graph->n_nodes++];
    *node = (struct node){.name = name, .tree = tree};
    if (find(graph, name, strlen(name)) == NULL)
        hash_table_add_name(&graph->names, node);
}

static void add_source(struct graph *graph, struct source **list, struct setting *setting) {
    struct source *source = arena_alloc(&graph->arena, sizeof *source);
    *source = (struct source){setting, *list};
    *list = source;
}

static void add_settings(struct graph *graph, struct dimension *dimensions, size_t count) {
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < dimensions[i].count; j++) {
            struct choice *choice = &dimensions[i].choices[j];
            for (size_t k = 0; k < choice->n_settings; k++) {
                struct setting *setting = &choice->settings[k];
                const struct path *path = &setting->path;
                bool let = path->count > 1 && strcmp(path->segments[0], "let") == 0;
                const char *name = path->segments[let ? 1 : 0];
                struct node *node = find(graph, name, strlen(name));
                setting->number = graph->n_settings++;
                setting->dependent = 0;
                add_source(graph, &graph->all, setting);
                if (node != NULL)
                    add_source(graph, &node->sources, setting);
            }
            add_settings(graph, choice->nested, choice->n_nested);
        }
}

static void enqueue(struct graph *graph, struct node *node) {
    if ((node->seen & graph->bit) == 0)
        graph->queue[graph->n_queued++] = node;
    node->seen |= graph->bit;
}

static bool in_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Whether what the text stands for may be an expression some words of which are written elsewhere. */
static bool composes(const char *text) {
    const char *at = text;
    while (at[0] == '$' && at[1] == '{' && strchr(at, '}') != NULL)
        at = strchr(at, '}') + 1;
    return *at == '=' && strstr(text, "${") != NULL;
}

static void follow_text(struct graph *graph, const char *text) {
    if (*text != '=' && strchr(text, '$') == NULL)
        return;
    graph->everything = graph->everything || composes(text);
    while (*text != '\0') {
        size_t length = 0;
        while (in_word(text[length]))
            length++;
        struct node *node = length > 0 ? find(graph, text, length) : NULL;
        if (node != NULL)
            enqueue(graph, node);
        if (node == &graph->nodes[SECTION_TRAIN]) /* a batch size of `full` is a number of rows */
            enqueue(graph, &graph->nodes[SECTION_DATASET]);
        text += length > 0 ? length : 1;
    }
}

static void follow(struct graph *graph, const struct tree *tree) {
    if (tree->type == TREE_TEXT)
        follow_text(graph, tree->text);
    for (size_t i = 0; i < tree->count; i++)
        follow(graph, tree->items[i]);
}

static void mark(const struct source *sources, unsigned bit) {
    for (const struct source *source = sources; source != NULL; source = source->next)
        source->setting->dependent |= bit;
}

/* Of what is in the queue. */
static void find_dependent(struct graph *graph) {
    graph->everything = false;
    while (graph->n_queued > 0) {
        struct node *node = graph->queue[--graph->n_queued];
        if (node->tree != NULL)
            follow(graph, node->tree);
        for (const struct source *source = node->sources; source != NULL; source = source->next)
            follow(graph, source->setting->value);
        mark(node->sources, graph->bit);
    }
    if (graph->everything)
        mark(graph->all, graph->bit);
}

void dependence_find(struct grid *grid) {
    struct graph graph = {.n_nodes = 0};
    arena_init(&graph.arena);
    const struct tree *lets = tree_get(grid->root, "let");
    size_t n_lets = lets != NULL && lets->type == TREE_MAP ? lets->count : 0;
    graph.nodes = arena_array(&graph.arena, N_SECTIONS + n_lets, sizeof *graph.nodes);
    graph.queue = arena_array(&graph.arena, N_SECTIONS + n_lets, sizeof(struct node *));
    for (size_t i = 0; i < N_SECTIONS; i++)
        add_node(&graph, section_names[i], tree_get(grid->root, section_names[i]));
    for (size_t i = 0; i < n_lets; i++)
        add_node(&graph, lets->keys[i], lets->items[i]);
    add_settings(&graph, grid->dimensions, grid->n_dimensions);
    for (size_t i = 0; i < N_DEPENDENT; i++) {
        graph.bit = 1U << i;
        if (i < N_SECTIONS)
            enqueue(&graph, &graph.nodes[i]);
        for (size_t j = N_SECTIONS; i == DEPENDENCE_LETS && j < graph.n_nodes; j++)
            enqueue(&graph, &graph.nodes[j]);
        find_dependent(&graph);
    }
    hash_table_clear(&graph.names);
    arena_clear(&graph.arena);
}
