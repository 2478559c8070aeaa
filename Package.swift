// swift-tools-version: 6.3
import PackageDescription

// The target list is the design: a target imports only targets that stand above it.
// Documentation/ARCHITECTURE.md tells what each holds and why.
let package = Package(
    name: "aviary",
    platforms: [.macOS(.v26)],
    products: [.executable(name: "aviary", targets: ["aviary"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections.git", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
    ],
    targets: [
        // Layer 0: bytes, and mistakes that only tests make
        .target(name: "Jute"),
        .target(name: "Mutants"),
        .systemLibrary(
            name: "CYAML", pkgConfig: "yaml-0.1",
            providers: [.apt(["libyaml-dev"]), .brew(["libyaml"])]),
        .target(name: "YAML", dependencies: ["CYAML"]),
        // Layer 1: the vocabulary of wire and disk
        .target(name: "Records", dependencies: ["Jute"]),
        // Layer 2: settings, state and files, strangers to each other
        .target(name: "Configuration", dependencies: ["Jute", "Records"]),
        .target(name: "Tree", dependencies: ["Jute", "Mutants", "Records"]),
        .target(name: "Storage", dependencies: ["Jute", "Mutants", "Records"]),
        // Layer 3: elections and the order of transactions, pure machines
        .target(
            name: "Quorum", dependencies: ["Jute", "Mutants", "Records", "Configuration"]),
        // Layer 4: all that a server decides
        .target(
            name: "ServerCore",
            dependencies: [
                "Jute", "Mutants", "Records", "Configuration", "Tree", "Storage", "Quorum",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Crypto", package: "swift-crypto"),
            ]),
        // Layer 4: a session with an ensemble
        .target(
            name: "AviaryClient",
            dependencies: [
                "Jute", "Records",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        // Layer 5: drivers, and whole ensembles from a seed
        .target(
            name: "Simulation",
            dependencies: ["Configuration", "Jute", "Records", "Storage", "Quorum", "ServerCore"]),
        .target(
            name: "AviaryServer",
            dependencies: [
                "Jute", "Records", "Configuration", "Storage", "Quorum", "ServerCore",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
            ]),

        .target(
            name: "AviaryShell",
            dependencies: [
                "AviaryClient", "Jute", "Records", "Storage",
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]),

        .target(
            name: "AviaryEnsemble",
            dependencies: [
                "AviaryClient", "Jute", "Records", "Configuration", "ServerCore", "Storage", "YAML",
            ]),

        // Layer 6: inputs that nobody sane would send
        .target(
            name: "Fuzzing",
            dependencies: [
                "AviaryEnsemble", "Configuration", "Jute", "Records", "ServerCore", "Simulation",
                "Storage", "YAML",
            ]),

        // Layer 6: the program
        .target(
            name: "AviaryCommands",
            dependencies: [
                "AviaryEnsemble", "AviaryServer", "AviaryShell", "Configuration", "Storage",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .executableTarget(
            name: "aviary",
            dependencies: [
                "AviaryCommands",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .target(name: "PlannedChanges", dependencies: ["AviaryEnsemble", "Records", "Simulation"]),
        .executableTarget(
            name: "simulate", dependencies: ["Mutants", "PlannedChanges", "Simulation"]),
        .executableTarget(name: "fuzz", dependencies: ["Fuzzing"]),

        .testTarget(name: "TidyTests"),
        .testTarget(name: "YAMLTests", dependencies: ["YAML"]),
        .testTarget(name: "JuteTests", dependencies: ["Jute"]),
        .testTarget(name: "RecordsTests", dependencies: ["Jute", "Records"]),
        .testTarget(name: "ConfigurationTests", dependencies: ["Configuration", "Records"]),
        .testTarget(name: "TreeTests", dependencies: ["Jute", "Records", "Tree"]),
        .testTarget(
            name: "StorageTests", dependencies: ["Jute", "Records", "Simulation", "Storage"]),
        .testTarget(
            name: "AviaryClientTests",
            dependencies: [
                "AviaryClient", "Jute", "Records",
                .product(name: "NIOCore", package: "swift-nio"),
            ]),
        .testTarget(
            name: "AviaryShellTests",
            dependencies: ["AviaryClient", "AviaryShell", "Jute", "Records"]),
        .testTarget(
            name: "EnsembleTests",
            dependencies: [
                "AviaryCommands", "AviaryEnsemble", "Jute", "Records", "Storage",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .testTarget(
            name: "QuorumTests",
            dependencies: ["Configuration", "Jute", "Records", "Quorum", "Simulation"],
            exclude: ["Scenarios"]),
        .testTarget(name: "FuzzingTests", dependencies: ["Fuzzing"]),
        .testTarget(
            name: "SimulationTests",
            dependencies: ["Jute", "Mutants", "PlannedChanges", "Records", "Simulation", "Storage"]),
        .testTarget(
            name: "ServerCoreTests",
            dependencies: [
                "Configuration", "Jute", "Quorum", "Records", "ServerCore", "Simulation", "Storage",
                "Tree",
            ]),
    ]
)

let upcoming = [
    "ExistentialAny", "ImmutableWeakCaptures", "InferIsolatedConformances",
    "InternalImportsByDefault", "MemberImportVisibility", "NonisolatedNonsendingByDefault",
]
for target in package.targets where target.type != .system {
    target.swiftSettings =
        upcoming.map { .enableUpcomingFeature($0) }
        + [
            .enableExperimentalFeature("Lifetimes"),
            .strictMemorySafety(),
            .treatAllWarnings(as: .error),
        ]
    // Debug builds are what the tests are; Sources/Mutants says what for.
    target.swiftSettings?.append(.define("MUTANTS", .when(configuration: .debug)))
}
