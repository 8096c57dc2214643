/*
 * What a competent C programmer writes for the lecture's network (784-500-500-10, sigmoid) in an afternoon: cblas_sgemm on one thread,
 * dense float inputs, expf(), gradients stored whole, then a loop of the optimizer. bench_run compares with it.
 *
 *     bench_plain       serves `BATCH sgd|momentum|adam` (serve.h); MNIST is in $RUNNER_DATA/mnist
 */
#include "bench/serve.h"

#include <cblas.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { IMAGES = 60000, LAYERS = 3, PATH = 4096 };
static const int units[LAYERS + 1] = {784, 500, 500, 10};

struct tensor {
    size_t n;
    float *w, *g, *m, *v;
};

struct plain {
    float *images; /* [IMAGES][784] */
    unsigned char *labels;
    uint32_t *order;
    size_t start, update;
    int batch;
    char optimizer[16];
    struct tensor kernels[LAYERS], biases[LAYERS];
    float *outputs[LAYERS + 1], *deltas[LAYERS + 1]; /* [batch][units] */
};

static void *allocate(size_t bytes) {
    void *p = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (p == NULL)
        die("no memory for %zu bytes", bytes);
    memset(p, 0, bytes);
    return p;
}

static unsigned char *read_idx(const char *name, size_t header, size_t bytes) {
    const char *folder = getenv("RUNNER_DATA");
    char path[PATH];
    unsigned char *data = allocate(header + bytes);
    for (int packed = 1; packed >= 0; packed--) {
        snprintf(path, sizeof path, "%s/mnist/%s%s", folder != NULL ? folder : ".", name, packed ? ".gz" : "");
        gzFile file = gzopen(path, "rb");
        if (file == NULL)
            continue;
        if (gzread(file, data, (unsigned)(header + bytes)) != (int)(header + bytes))
            die("%s: too short", path);
        gzclose(file);
        return data + header;
    }
    die("no %s or %s.gz in $RUNNER_DATA/mnist", name, name);
}

static void read_mnist(struct plain *plain) {
    const unsigned char *pixels = read_idx("train-images-idx3-ubyte", 16, (size_t)IMAGES * 784);
    plain->labels = read_idx("train-labels-idx1-ubyte", 8, IMAGES);
    plain->images = allocate(sizeof(float) * IMAGES * 784);
    for (size_t i = 0; i < (size_t)IMAGES * 784; i++)
        plain->images[i] = (float)pixels[i] / 255.0f;
    plain->order = allocate(sizeof(uint32_t) * IMAGES);
    srand(1);
    for (uint32_t i = 0; i < IMAGES; i++) {
        uint32_t j = (uint32_t)rand() % (i + 1);
        plain->order[i] = plain->order[j];
        plain->order[j] = i;
    }
}

static void tensor_init(struct tensor *tensor, size_t n, float limit) {
    *tensor = (struct tensor){n, allocate(4 * n), allocate(4 * n), allocate(4 * n), allocate(4 * n)};
    for (size_t i = 0; i < n; i++)
        tensor->w[i] = limit * (2.0f * (float)rand() / (float)RAND_MAX - 1.0f);
}

static void tensor_clear(struct tensor *tensor) {
    free(tensor->w), free(tensor->g), free(tensor->m), free(tensor->v);
    *tensor = (struct tensor){0};
}

static const char *prepare(void *context, size_t n, char *const words[], char *reason, size_t size) {
    struct plain *plain = context;
    if (n != 2 || atoi(words[0]) < 1 || atoi(words[0]) > IMAGES) {
        snprintf(reason, size, "wanted: BATCH OPTIMIZER");
        return NULL;
    }
    plain->batch = atoi(words[0]);
    plain->start = plain->update = 0;
    snprintf(plain->optimizer, sizeof plain->optimizer, "%s", words[1]);
    for (int l = 0; l <= LAYERS; l++) {
        free(plain->outputs[l]), free(plain->deltas[l]);
        plain->outputs[l] = allocate(sizeof(float) * (size_t)plain->batch * (size_t)units[l]);
        plain->deltas[l] = allocate(sizeof(float) * (size_t)plain->batch * (size_t)units[l]);
    }
    for (int l = 0; l < LAYERS; l++) {
        tensor_clear(&plain->kernels[l]), tensor_clear(&plain->biases[l]);
        tensor_init(&plain->kernels[l], (size_t)units[l] * (size_t)units[l + 1],
                    sqrtf(6.0f / (float)(units[l] + units[l + 1])));
        tensor_init(&plain->biases[l], (size_t)units[l + 1], 0);
    }
    return "plain";
}

static void forward(struct plain *plain) {
    const int batch = plain->batch;
    for (int i = 0; i < batch; i++)
        memcpy(plain->outputs[0] + (size_t)i * 784,
               plain->images + (size_t)plain->order[plain->start + (size_t)i] * 784, 784 * sizeof(float));
    for (int l = 0; l < LAYERS; l++) {
        const int in = units[l], out = units[l + 1];
        float *y = plain->outputs[l + 1];
        for (int i = 0; i < batch; i++)
            memcpy(y + (size_t)i * (size_t)out, plain->biases[l].w, sizeof(float) * (size_t)out);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, batch, out, in, 1, plain->outputs[l], in,
                    plain->kernels[l].w, out, 1, y, out);
        if (l + 1 < LAYERS)
            for (size_t i = 0; i < (size_t)batch * (size_t)out; i++)
                y[i] = 1.0f / (1.0f + expf(-y[i]));
    }
}

/* Softmax and cross-entropy; the delta is that of the mean loss by the logits. */
static double loss(struct plain *plain) {
    double sum = 0;
    for (int i = 0; i < plain->batch; i++) {
        const float *x = plain->outputs[LAYERS] + i * 10;
        float *d = plain->deltas[LAYERS] + i * 10, max = x[0], total = 0;
        const int label = plain->labels[plain->order[plain->start + (size_t)i]];
        for (int j = 1; j < 10; j++)
            max = x[j] > max ? x[j] : max;
        for (int j = 0; j < 10; j++)
            total += d[j] = expf(x[j] - max);
        sum -= (double)(x[label] - max - logf(total));
        for (int j = 0; j < 10; j++)
            d[j] = (d[j] / total - (j == label ? 1.0f : 0.0f)) / (float)plain->batch;
    }
    return sum / plain->batch;
}

static void backward(struct plain *plain) {
    const int batch = plain->batch;
    for (int l = LAYERS - 1; l >= 0; l--) {
        const int in = units[l], out = units[l + 1];
        const float *d = plain->deltas[l + 1], *x = plain->outputs[l];
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, in, out, batch, 1, x, in, d, out, 0, plain->kernels[l].g,
                    out);
        memset(plain->biases[l].g, 0, sizeof(float) * (size_t)out);
        for (int i = 0; i < batch; i++)
            for (int j = 0; j < out; j++)
                plain->biases[l].g[j] += d[i * out + j];
        if (l == 0)
            break;
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, batch, in, out, 1, d, out, plain->kernels[l].w, out, 0,
                    plain->deltas[l], in);
        for (size_t i = 0; i < (size_t)batch * (size_t)in; i++)
            plain->deltas[l][i] *= x[i] * (1.0f - x[i]);
    }
}

static void optimize(const struct plain *plain, struct tensor *tensor) {
    float *restrict w = tensor->w, *restrict m = tensor->m, *restrict v = tensor->v;
    const float *restrict g = tensor->g;
    if (strcmp(plain->optimizer, "adam") == 0) {
        const double t = (double)plain->update;
        const float rate = (float)(0.001 * sqrt(1 - pow(0.999, t)) / (1 - pow(0.9, t)));
        for (size_t i = 0; i < tensor->n; i++) {
            m[i] += 0.1f * (g[i] - m[i]);
            v[i] += 0.001f * (g[i] * g[i] - v[i]);
            w[i] -= rate * m[i] / (sqrtf(v[i]) + 1e-7f);
        }
    } else if (strcmp(plain->optimizer, "momentum") == 0) {
        for (size_t i = 0; i < tensor->n; i++) {
            m[i] = 0.9f * m[i] - 0.01f * g[i];
            w[i] += m[i];
        }
    } else {
        for (size_t i = 0; i < tensor->n; i++)
            w[i] -= 0.01f * g[i];
    }
}

static void step(void *context) {
    struct plain *plain = context;
    plain->update++;
    forward(plain);
    if (!isfinite(loss(plain)))
        die("the loss is not finite");
    backward(plain);
    for (int l = 0; l < LAYERS; l++) {
        optimize(plain, &plain->kernels[l]);
        optimize(plain, &plain->biases[l]);
    }
    plain->start += (size_t)plain->batch;
    if (plain->start + (size_t)plain->batch > IMAGES)
        plain->start = 0;
}

static size_t go(void *context, struct span span, size_t *count, double values[SERVE_VALUES]) {
    values[0] = measure(step, context, span, count);
    return 1;
}

int main(void) {
    static struct plain plain;
    openblas_set_num_threads(1);
    read_mnist(&plain);
    serve(&(struct served){&plain, prepare, go});
    return 0;
}
