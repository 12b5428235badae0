/** How the cudnn engine runs a stack: weight layout, passes, dropout between layers, choice of algorithm. */
package dev.fusedrnn.engine.cudnn;
