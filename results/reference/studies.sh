# What the reference tables are of; read by regenerate.sh and the tests. `configs` is the folder of the shipped configs.

# The studies on embedded data, and those on MNIST that have one setting. mnist_batchsize asks of MNIST what batchsize asks.
studies() {
    # shellcheck disable=SC2154 # configs: the reader's
    grep -lE '^dataset: *(\{ *)?digits' "$configs"/*.yaml | sed 's,.*/,,; s,\.yaml$,,'
    printf '%s\n' lecture lenet mnist_dropout
}

# study_overrides NAME: into the array `overrides`. The portable back end has the same bits on every machine; the embedded digits stand
# in for MNIST, a few of them, with the seeds that claims want.
study_overrides() {
    overrides=()
    case $1 in
    lecture | lenet | mnist_dropout) overrides=('dataset={digits: {train: 6000}}' seeds=3) ;;
    esac
    overrides+=(engine.gemm=portable)
}
