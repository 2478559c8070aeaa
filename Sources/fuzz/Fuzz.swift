import Fuzzing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Gives decoders inputs until one of them traps or time is over.
///
/// The input that is being read is always in a file, so that the one that ended the program is there
/// afterwards: `fuzz --input FILE TARGET` reads it again.
@main
struct Fuzz {
    static func main() {
        var seconds: Int64 = 10
        var seed: UInt64 = 1
        var file: String?
        var names: [String] = []
        var arguments = Array(CommandLine.arguments.dropFirst())[...]
        while let argument = arguments.popFirst() {
            switch argument {
            case "--seconds": seconds = arguments.popFirst().flatMap(Int64.init) ?? seconds
            case "--seed": seed = arguments.popFirst().flatMap(UInt64.init) ?? seed
            case "--input": file = arguments.popFirst()
            default: names.append(argument)
            }
        }
        let targets = FuzzTarget.all.filter { names.isEmpty || names.contains($0.name) }
        guard !targets.isEmpty, names.allSatisfy({ name in targets.contains { $0.name == name } })
        else {
            print("usage: fuzz [--seconds S] [--seed N] [--input FILE] [TARGET ...]")
            print("targets: " + FuzzTarget.all.map(\.name).joined(separator: " "))
            exit(2)
        }
        for target in targets {
            if let file, let input = contents(file) {
                print("\(target.name): \(target.run(input))")
            } else {
                run(target, seed: seed, seconds: seconds)
            }
        }
    }

    private static func run(_ target: FuzzTarget, seed: UInt64, seconds: Int64) {
        let path = "fuzz-\(target.name).input"
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_TRUNC, 0o644)
        var fuzzing = FuzzRun(target, seed: seed)
        let clock = ContinuousClock()
        let end = clock.now + .seconds(seconds)
        var slowest = Duration.zero
        while clock.now < end {
            let began = clock.now
            fuzzing.step { input in
                _ = ftruncate(descriptor, off_t(input.count))
                _ = unsafe pwrite(descriptor, input, input.count, 0)
            }
            slowest = max(slowest, clock.now - began)
        }
        _ = close(descriptor)
        _ = unsafe unlink(path)
        print(
            "\(target.name): \(fuzzing.count) inputs, \(fuzzing.outcomeCount) outcomes, "
                + "the slowest took \(slowest.components.attoseconds / 1_000_000_000_000_000) ms")
    }

    private static func contents(_ path: String) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY)
        guard descriptor >= 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = unsafe read(descriptor, &bytes, bytes.count)
        return count >= 0 ? Array(bytes.prefix(count)) : nil
    }
}
