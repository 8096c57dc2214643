/* What is checked of each kind beyond what is checked of all of them (work.h). */
#ifndef RUNNER_CONFORMANCE_KINDS_H
#define RUNNER_CONFORMANCE_KINDS_H

#include "runner/conformance/work.h"

extern const struct work_form layer_form, loss_form, metric_form, optimizer_form, initializer_form, regularizer_form,
    constraint_form, schedule_form, callback_form, dataset_form;

typedef bool kind_check(const struct target *target, struct page *page);

kind_check parameters_check;   /* every parameter at its default and bounds, and refused outside */
kind_check parameters_at_work; /* the component runs with each of those values */

kind_check optimizer_zero, optimizer_linear, optimizer_late, optimizer_outer, optimizer_descent;
kind_check layer_gradient_check, layer_flags_keep, layer_flags_in_place, layer_flags_unwanted, layer_flags_hidden,
    layer_flags_elementwise, layer_flags_columns, layer_flags_input_columns, layer_flags_input_rows,
    layer_flags_input_sum, layer_flags_outer, layer_flags_training, layer_adds;
kind_check loss_gradient_check, loss_apart;
kind_check regularizer_gradient_check;
kind_check constraint_idempotent;
kind_check initializer_values;
kind_check metric_adds;
kind_check schedule_values;
kind_check dataset_values;

#endif
