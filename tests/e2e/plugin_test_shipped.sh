#!/bin/bash
# Every shipped plugin keeps the contract that `runner plugin test` checks.
# ctest: timeout 600
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
kinds="*" least=40
[ "$RUNNER_SANITIZER" != thread ] || kinds="[clmor]*" least=30 # no data sets, initializers and schedules, which one thread calls
count=0
for file in "$RUNNER_BUILD_DIR"/plugins/$kinds/*.so; do
    set --
    [ "${file##*/}" != digits.so ] || set -- train=300 test=60
    "$RUNNER" plugin test "$file" "$@" >out 2>err || {
        grep FAIL out >&2
        cat err >&2
        fail "$file"
    }
    count=$((count + 1))
done
[ $count -ge $least ] || fail "only $count plugins were found"
[ "$RUNNER_SANITIZER" != thread ] || exit 0

# What other parameters than the defaults do.
while read -r component parameters; do
    # shellcheck disable=SC2086 # several words
    "$RUNNER" plugin test $component $parameters >out 2>err || {
        grep FAIL out >&2
        cat err >&2
        fail "$component $parameters"
    }
done <<'END'
layer/dense units=1
layer/dense units=17 use_bias=false
layer/dense units=9 activation=tanh
layer/maxout units=5 pieces=3 use_bias=false
layer/elu alpha=1.5
layer/gelu approximate=true
layer/relu max_value=0.75 negative_slope=0.25 threshold=0.26
layer/prelu shared_axes=1
layer/layer_normalization epsilon=1e-5 scale=false
layer/batch_normalization momentum=0.9 epsilon=1e-5 center=false
layer/conv2d filters=2 kernel_size=[3,2] strides=2 padding=same
layer/conv2d filters=2 kernel_size=[2,3] dilation_rate=[2,3] padding=same use_bias=false
layer/conv2d filters=2 kernel_size=2 strides=[1,2]
layer/max_pooling2d pool_size=[3,2] strides=[2,1]
layer/max_pooling2d pool_size=[3,2] strides=2 padding=same
layer/average_pooling2d pool_size=3 strides=2 padding=same
layer/average_pooling2d pool_size=[2,3] strides=[2,1] padding=same
layer/residual layers=[tanh,linear]
loss/categorical_crossentropy label_smoothing=0.3
loss/categorical_crossentropy from_logits=true
loss/sparse_categorical_crossentropy from_logits=true
loss/binary_crossentropy label_smoothing=0.2
loss/binary_crossentropy from_logits=true label_smoothing=0.2
loss/huber delta=0.3
optimizer/sgd momentum=0.5
optimizer/sgd momentum=0.5 nesterov=true
optimizer/adam amsgrad=true
optimizer/rmsprop centered=true momentum=0.5
schedule/cosine_decay warmup_steps=10 warmup_target=0.3
END
