package dev.fusedrnn.engine.cpu;

import dev.fusedrnn.internal.blas.Workers;
import dev.fusedrnn.internal.host.HostCursor;

/**
 * Lays wHh [G·H, P or H] out as [P or H, G·H]. A time step's product is thin, and reads its weights up to half as fast again
 * when it need not turn them; over a sequence that is worth turning them once.
 */
final class RecurrentTranspose implements Workers.Work {
    private static final int TILE = 64;
    /** So many lines that are written in turn stay in the first cache. */
    private static final int BLOCK = 32;

    private final int rows;
    private final int columns;
    private final HostCursor[] cursors;
    private final float[][] tiles;
    private final float[][] turned;
    private long from;
    private long to;

    RecurrentTranspose(Extents extents) {
        this.rows = extents.gateRows();
        this.columns = extents.output();
        int parts = Math.min(Workers.threads(), (rows + TILE - 1) / TILE);
        this.cursors = new HostCursor[parts];
        for (int part = 0; part < parts; part++) {
            cursors[part] = new HostCursor();
        }
        this.tiles = new float[parts][TILE * columns];
        this.turned = new float[parts][TILE * columns];
    }

    void run(long weights, long transposed) {
        from = weights;
        to = transposed;
        Workers.run(cursors.length, this);
    }

    @Override
    public void run(int part) {
        for (int row = part * TILE; row < rows; row += cursors.length * TILE) {
            turn(cursors[part], tiles[part], turned[part], row, Math.min(TILE, rows - row));
        }
    }

    private void turn(HostCursor cursor, float[] tile, float[] result, int row, int count) {
        cursor.get(from + (long) Float.BYTES * row * columns, tile, 0, count * columns);
        for (int block = 0; block < columns; block += BLOCK) {
            int end = Math.min(columns, block + BLOCK);
            for (int r = 0; r < count; r++) {
                for (int c = block; c < end; c++) {
                    result[c * count + r] = tile[r * columns + c];
                }
            }
        }
        for (int c = 0; c < columns; c++) {
            cursor.put(to + Float.BYTES * ((long) c * rows + row), result, c * count, count);
        }
    }
}
