package dev.fusedrnn;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "dev.fusedrnn", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule onlyInternalPackagesSeeNativeTypes = noClasses()
            .that()
            .resideOutsideOfPackage("dev.fusedrnn.internal..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.bytedeco..");

    @ArchTest
    static final ArchRule onlyTheCommandLineUsesItsLibraries = noClasses()
            .that()
            .resideOutsideOfPackage("dev.fusedrnn.cli..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("picocli..", "me.tongfei..");

    @ArchTest
    static final ArchRule arrowsPointDownward = layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .withOptionalLayers(true)
            .layer("cli")
            .definedBy("dev.fusedrnn.cli..")
            .layer("model")
            .definedBy("dev.fusedrnn.model..")
            .layer("train")
            .definedBy("dev.fusedrnn.train..")
            .layer("text")
            .definedBy("dev.fusedrnn.text..")
            .layer("nn")
            .definedBy("dev.fusedrnn.nn..", "dev.fusedrnn.optim..")
            .layer("engine")
            .definedBy("dev.fusedrnn.engine..")
            .layer("kernel")
            .definedBy("dev.fusedrnn.kernel..")
            .layer("tensor")
            .definedBy("dev.fusedrnn.tensor..")
            .layer("io")
            .definedBy("dev.fusedrnn.io..")
            .layer("internal")
            .definedBy("dev.fusedrnn.internal..")
            .whereLayer("cli")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("model")
            .mayOnlyBeAccessedByLayers("cli")
            .whereLayer("train")
            .mayOnlyBeAccessedByLayers("cli", "model")
            .whereLayer("text")
            .mayOnlyBeAccessedByLayers("cli", "model", "train")
            .whereLayer("nn")
            .mayOnlyBeAccessedByLayers("cli", "model", "train")
            .whereLayer("engine")
            .mayOnlyBeAccessedByLayers("cli", "model", "train", "nn")
            .whereLayer("kernel")
            .mayOnlyBeAccessedByLayers("cli", "model", "train", "nn", "engine")
            .whereLayer("internal")
            .mayOnlyBeAccessedByLayers("engine", "kernel", "tensor", "io");
}
