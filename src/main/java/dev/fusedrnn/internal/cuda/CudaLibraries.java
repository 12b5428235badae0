package dev.fusedrnn.internal.cuda;

import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;

/**
 * Finds NVIDIA's libraries and loads them before the presets look for them: in the folders named by {@value #PROPERTY},
 * on {@code LD_LIBRARY_PATH}, in a CUDA toolkit, in the {@code nvidia} folders of Python's packages, and wherever the
 * system's own loader looks.
 */
public final class CudaLibraries {
    /** System property: folders to look in first, separated as in a class path. */
    public static final String PROPERTY = "fusedrnn.cuda.libraries";

    static final List<String> RUNTIME = List.of("libcudart.so.13");
    static final List<String> BLAS = List.of("libcublasLt.so.13", "libcublas.so.13");
    /** Compiles kernels for cuDNN's dynamic algorithm; nothing else needs it. */
    public static final List<String> COMPILER = List.of("libnvrtc.so.13");
    /** What the binding of cuDNN 9 links to, in the order of dependence. */
    public static final List<String> DNN = List.of(
            "libcudnn_graph.so.9", "libcudnn_ops.so.9", "libcudnn_cnn.so.9", "libcudnn_adv.so.9", "libcudnn.so.9");

    private final List<Path> folders;

    /** Looks where the process's properties and environment say. */
    public CudaLibraries() {
        this(System.getProperty(PROPERTY, ""), System.getenv());
    }

    CudaLibraries(String property, Map<String, String> environment) {
        this.folders = folders(property, environment);
    }

    /** The folders looked in, in order; all exist. */
    List<Path> folders() {
        return folders;
    }

    /**
     * Loads libraries in the given order.
     *
     * @return why the first that could not be loaded could not, or an empty text
     */
    public String load(List<String> names) {
        for (String name : names) {
            String reason = load(name);
            if (!reason.isEmpty()) {
                return reason;
            }
        }
        return "";
    }

    private String load(String name) {
        List<String> errors = new ArrayList<>();
        for (Path folder : folders) {
            Path file = folder.resolve(name);
            if (Files.exists(file)) {
                String error = open(file.toAbsolutePath().toString());
                if (error.isEmpty()) {
                    return "";
                }
                errors.add(error);
            }
        }
        String error = open(name);
        if (error.isEmpty()) {
            return "";
        }
        errors.add(error);
        String others = otherVersions(name);
        return name + " could not be loaded: " + String.join("; ", errors)
                + (others.isEmpty() ? "" : "; found another version, " + others)
                + " (looked in " + folders.size() + " folders and in the system's library path; -D" + PROPERTY
                + "=FOLDER adds one)";
    }

    /** Opens a library by path or bare name; returns the system's error text, or an empty one. */
    static String open(String nameOrPath) {
        try {
            Loader.load(Pointer.class);
            Loader.loadGlobal(nameOrPath);
            return "";
        } catch (LinkageError | RuntimeException failed) {
            return String.valueOf(failed.getMessage());
        }
    }

    /** Files of the same library with another major version. */
    private String otherVersions(String name) {
        String stem = name.substring(0, name.indexOf(".so") + 3);
        Set<String> found = new LinkedHashSet<>();
        for (Path folder : folders) {
            for (Path file : list(folder, stem + ".*")) {
                if (!file.getFileName().toString().startsWith(name)) {
                    found.add(file.toString());
                }
            }
        }
        return String.join(", ", found);
    }

    private static List<Path> folders(String property, Map<String, String> environment) {
        Set<Path> found = new LinkedHashSet<>();
        addAll(found, property);
        addAll(found, environment.getOrDefault("LD_LIBRARY_PATH", ""));
        for (String variable : List.of("CUDA_PATH", "CUDA_HOME")) {
            String home = environment.get(variable);
            if (home != null && !home.isEmpty()) {
                add(found, Path.of(home, "lib64"));
            }
        }
        add(found, Path.of("/usr/local/cuda/lib64"));
        for (String variable : List.of("VIRTUAL_ENV", "CONDA_PREFIX")) {
            String prefix = environment.get(variable);
            if (prefix != null && !prefix.isEmpty()) {
                addPythonPackages(found, Path.of(prefix));
            }
        }
        for (String folder : environment.getOrDefault("PATH", "").split(File.pathSeparator)) {
            Path bin = Path.of(folder);
            if (!folder.isEmpty() && bin.getParent() != null && Files.exists(bin.resolve("python3"))) {
                addPythonPackages(found, bin.getParent());
            }
        }
        return List.copyOf(found);
    }

    private static void addAll(Set<Path> found, String path) {
        for (String folder : path.split(File.pathSeparator)) {
            if (!folder.isEmpty()) {
                add(found, Path.of(folder));
            }
        }
    }

    /** The wheels of NVIDIA put their libraries into {@code site-packages/nvidia/PACKAGE/lib}. */
    private static void addPythonPackages(Set<Path> found, Path prefix) {
        for (Path python : list(prefix.resolve("lib"), "python3*")) {
            for (String packages : List.of("site-packages", "dist-packages")) {
                for (Path wheel : list(python.resolve(packages).resolve("nvidia"), "*")) {
                    add(found, wheel.resolve("lib"));
                }
            }
        }
    }

    private static void add(Set<Path> found, Path folder) {
        if (Files.isDirectory(folder)) {
            found.add(folder);
        }
    }

    private static List<Path> list(Path folder, String glob) {
        List<Path> entries = new ArrayList<>();
        if (!Files.isDirectory(folder)) {
            return entries;
        }
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder, glob)) {
            stream.forEach(entries::add);
        } catch (IOException unreadable) {
            // A folder that cannot be listed holds nothing this process could load.
        }
        entries.sort(null);
        return entries;
    }
}
