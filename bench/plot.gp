# The picture of bench/run: samples a second of a grid on both cores, by batch size.
#     gnuplot -e "csv='bench/out/step.csv'; svg='bench/out/step.svg'" bench/plot.gp
set datafile separator comma
set terminal svg size 1200,480 dynamic font "sans-serif,13"
set output svg
set multiplot layout 1,3
set logscale xy
set key bottom right
set grid ytics
set xrange [0.7:15000]
set yrange [50:300000]
set xlabel "batch size"
set ylabel "samples a second, both cores"
names = "runner plain torch jax keras sklearn"
array patterns[6] = ["2 workers", "plain C 2x1", "torch ", "jax ", "keras ", "sklearn "]
array colours[6] = ["#d62728", "#7f7f7f", "#ff7f0e", "#2ca02c", "#9467bd", "#17becf"]
rate(optimizer, pattern) = (strcol(2) eq "samples a second" && strcol(4) eq optimizer && strcol(5)[1:strlen(pattern)] eq pattern) ? $6 : NaN
do for [optimizer in "sgd momentum adam"] {
    set title optimizer
    plot for [i=1:6] csv using 3:(rate(optimizer, patterns[i])) every ::1 with points pointtype 7 linecolor rgb colours[i] title word(names, i)
}
unset multiplot
