# Draws docs/lecture.svg: run `runner configs/mnist_batchsize.yaml`, then `gnuplot docs/lecture.gp`.
folder = 'results/mnist_batchsize/'
set datafile separator comma
set terminal svg size 760,380 dynamic enhanced font 'sans-serif,13' background rgb 'white'
set output 'docs/lecture.svg'
set multiplot layout 1,2
set xlabel 'batch size'
set xrange [-0.5:4.5]
set grid ytics lc rgb '#dddddd'
set border 3
set tics nomirror
unset key
set title 'test accuracy after five epochs: mean, all seeds'
set yrange [0:1]
plot folder.'summary.csv' using 0:(column('test_accuracy_mean')):xtic(strcol('train.batch_size')) \
         with linespoints lw 2 pt 7 ps 0.5 lc rgb '#1b4f9c', \
     folder.'trials.csv' using (int($0 / 5)):(column('test_accuracy')) with points pt 6 ps 0.6 lc rgb '#d1495b'
set title 'seconds an epoch: median, least and most'
set logscale y
set yrange [1:100]
plot folder.'timing_summary.csv' \
         using 0:(column('epoch_seconds_median')):(column('epoch_seconds_min')):(column('epoch_seconds_max')):xtic(strcol('train.batch_size')) \
         with yerrorlines lw 2 pt 7 ps 0.5 lc rgb '#2a9d8f'
unset multiplot
