/**
 * The learning rate at a time, which counts epochs or optimizer steps from 0, as the training says.
 * `metrics` holds the validation metric of each epoch so far. A pure function: a training that
 * resumes gets the same rates, and a plot needs no training.
 */
export type Schedule = (time: number, metrics?: readonly number[]) => number;
