# Draws docs/batchsize.svg, the README's picture: run `gnuplot docs/batchsize.gp`.
set datafile separator comma
set terminal svg size 760,420 dynamic enhanced font 'sans-serif,13' background rgb 'white'
set output 'docs/batchsize.svg'
set xlabel 'epoch'
set ylabel 'test accuracy, mean of five seeds'
set xrange [0:5]
set yrange [0:1]
set xtics 1
set grid ytics lc rgb '#dddddd'
set border 3
set tics nomirror
set key outside right center title 'batch size' left Left reverse
sizes = '1 10 100 1000 full'
array colours[5] = ['#1b4f9c', '#2a9d8f', '#8ab17d', '#e9a23b', '#d1495b']
plot for [i=1:5] 'results/reference/batchsize/epochs.csv' \
    using (strcol('train.batch_size') eq word(sizes, i) ? column('epoch') : NaN):(column('test_accuracy')) \
    smooth unique with linespoints lw 2 pt 7 ps 0.5 lc rgb colours[i] title word(sizes, i)
