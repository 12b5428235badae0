/** Whole models with text going in and coming out. */
package dev.fusedrnn.model;
