package dev.fusedrnn.internal.natives;

import org.bytedeco.javacpp.annotation.NoException;
import org.bytedeco.javacpp.annotation.Platform;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.javacpp.tools.Info;
import org.bytedeco.javacpp.tools.InfoMap;
import org.bytedeco.javacpp.tools.InfoMapper;

/**
 * How JavaCPP turns {@code native/include/fusedrnn.h} into the class {@code FusedRnn} and one class per struct. Device
 * addresses and streams are {@code long}, enum members are {@code int} constants.
 */
@Properties(
        value =
                @Platform(
                        include = {
                            "fusedrnn/types.h",
                            "fusedrnn/probe.h",
                            "fusedrnn/pack.h",
                            "fusedrnn/cell.h",
                            "fusedrnn/step.h",
                            "fusedrnn/gates.h",
                            "fusedrnn/sequence.h",
                            "fusedrnn/elementwise.h",
                            "fusedrnn/reduce.h",
                            "fusedrnn/embedding.h",
                            "fusedrnn/loss.h",
                            "fusedrnn/attention.h",
                            "fusedrnn/dropout.h",
                            "fusedrnn/optimizer.h",
                            "fusedrnn/diagnostic.h",
                            "fusedrnn_recurrence.h"
                        },
                        library = "jnifusedrnn"),
        target = "dev.fusedrnn.internal.natives",
        global = "dev.fusedrnn.internal.natives.FusedRnn")
@NoException
public class FusedRnnPreset implements InfoMapper {
    @Override
    public void map(InfoMap infoMap) {
        infoMap.put(new Info("FRNN_EXPORT").cppTypes().annotations());
        infoMap.put(new Info("defined(__GNUC__)", "__cplusplus").define(false));
    }
}
