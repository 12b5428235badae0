package dev.fusedrnn.cli;

/** Something the user can put right: one line that says what is wrong, where, and what is allowed. Exit code 2. */
final class UserError extends RuntimeException {
    private static final long serialVersionUID = 1;

    UserError(String message) {
        super(message);
    }

    UserError(String message, Throwable cause) {
        super(message, cause);
    }
}
