# The null experiment: settings that are the same but for the names of their layers, from which first weights are drawn (docs/statistics.md).
# Whatever is found better or worse among them is found by chance. Read after lib.sh.

# null_config POINTS BASELINE: writes identical.yaml
null_config() {
    cat >identical.yaml <<END
experiment: identical
dataset: {digits: {train: 60, test: 500}}
let: {copy: 1}
model:
  - dense: {units: 10, activation: softmax, name: "copy_\${copy}"}
loss: categorical_crossentropy
optimizer: {sgd: {learning_rate: 0.1}}
metrics: [accuracy]
train: {batch_size: 20, epochs: 1}
grid:
  copy: [$(seq -s ', ' 1 "$1")]
seeds: 5
baseline: $2
engine: {gemm: portable}
END
}

# null_count FOLDER: tests, those below 5 % without correction, and false verdicts, of each metric, from comparisons.csv
null_count() {
    awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $at["verdict"] != "reference" {
            tests[$1]++
            low[$1] += $at["p_t"] != "" && $at["p_t"] < 0.05
            false_[$1] += $at["verdict"] == "better" || $at["verdict"] == "worse"
        }
        END { for (m in tests) print m, tests[m], low[m], false_[m] }' "$1/comparisons.csv" | sort
}
