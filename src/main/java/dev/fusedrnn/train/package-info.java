/**
 * Training, from minibatches to saved models.
 *
 * <p>Language models: {@link dev.fusedrnn.train.Trainer} loops over minibatches and epochs, {@link
 * dev.fusedrnn.train.TrainingStep} takes one optimizer step, {@link dev.fusedrnn.train.SequencePass} is the network on minibatches
 * of one shape, {@link dev.fusedrnn.train.Evaluator} its perplexity, {@link dev.fusedrnn.train.Checkpoint} its file.
 *
 * <p>Other tasks: {@link dev.fusedrnn.train.SupervisedTrainer} loops over examples of like length; a {@link
 * dev.fusedrnn.train.SupervisedTask} gives losses and gradients. Scores of classes, entities, translations and forecasts stand
 * beside them.
 */
package dev.fusedrnn.train;
