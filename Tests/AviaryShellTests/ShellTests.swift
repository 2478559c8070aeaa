import AviaryClient
import Records
import Synchronization
import Testing

@testable import AviaryShell

@Suite struct ShellTests {
    @Test func `what was created is listed, read, changed and deleted`() async {
        let (lines, code) = await ShellBench().run(
            "create /b two", "create /a 'one word'", "ls /", "get /a", "set /a new", "get /a",
            "delete /a", "ls /", "create /none", "get /none", "create /empty ''", "get /empty")
        #expect(
            lines == [
                "! Created /b", "! Created /a", "[a, b]", "one word", "new", "[b]",
                "! Created /none", "null", "! Created /empty", "",
            ])
        #expect(code == 0)
    }

    @Test(arguments: [
        ("get /x", "Node does not exist: /x"),
        ("stat /x", "Node does not exist: /x"),
        ("create /a", "Node already exists: /a"),
        ("create /x/y", "Node does not exist: /x/y"),
        ("create /e/x", "Ephemerals cannot have children: /e/x"),
        ("delete /a", "Node not empty: /a"),
        ("delete -v 4 /a", "version No is not valid : /a"),
        ("set -v x /a b", "-v takes a version number, which x is not"),
        ("ls a", "Path must start with / character"),
        ("ls /a/", "Path must not end with / character"),
        ("ls -q /a", "Unrecognized option: -q"),
        ("set -v", "Missing argument for option: v"),
        ("get", "get [-s] [-w] [-b] [-x] path"),
        ("create -c -s /x", "-c cannot be combined with -s or -e."),
        ("create -t 5 -e /x", "TTLs cannot be used with Ephemeral znodes"),
        ("create -t 0 /x", "ttl must be positive and cannot be larger than: 1099511627775"),
        ("create /x d bogus", "KeeperErrorCode = InvalidACL"),
        ("redo 7", "Command index out of range"),
    ])
    func `failures are told in the words of zkCli`(_ line: String, _ text: String) async {
        let bench = ShellBench()
        _ = await bench.run("create /a", "create /a/b", "create -e /e")
        let (lines, code) = await bench.run(line)
        #expect(code == 1)
        #expect(lines.contains { $0.hasPrefix("! \(text)") }, "\(lines)")
    }

    @Test func `one command has an exit code of its own`() async {
        let bench = ShellBench()
        #expect(await bench.once("create", "/a", "two words").code == 0)
        #expect(await bench.once("get", "/a") == (["two words"], 0))
        #expect(await bench.once("get", "/b").code == 1)
        let unknown = await bench.once("frobnicate")
        #expect(unknown.code == 127)
        #expect(
            unknown.lines.last?.hasSuffix("Command not found: Command not found frobnicate") == true
        )
        #expect(await bench.once("-timeout", "soon", "ls", "/").code == 64)
        #expect(await bench.once("-server", "a:x", "ls", "/").code == 64)
    }

    @Test func `a server that cannot be reached is told at once, with what to do`() async {
        let bench = ShellBench()
        bench.tree.state.withLock { $0.state = .connecting }
        let (lines, code) = await bench.once("-server", "nowhere:1", "ls", "/")
        #expect(code == 69)
        #expect(lines.first?.contains("No server could be reached at nowhere:1") == true)
        // What needs no server needs no connection.
        #expect(await bench.once("-server", "nowhere:1", "help").code == 0)
    }

    @Test func `a file's exit code is that of its last failure, a person's of the last command`()
        async
    {
        #expect(await ShellBench().run("get /x", "ls /").code == 1)
        #expect(await ShellBench().run("get /x", "ls /", terminal: true).code == 0)
        #expect(await ShellBench().run("ls /", "get /x", "quit", terminal: true).code == 1)
        #expect(await ShellBench().run("# get /x", "", "quit", "get /x").code == 0)
    }

    @Test func `a subtree is listed, children first, and deleted, the deepest first`() async {
        let bench = ShellBench()
        _ = await bench.run(
            "create /t", "create /t/b", "create /t/a", "create /t/a/x", "create /t/a/x/z",
            "create /t/b/y")
        #expect(
            await bench.run("ls -R /t").lines == [
                "/t", "/t/a", "/t/b", "/t/a/x", "/t/a/x/z", "/t/b/y",
            ])
        #expect(await bench.run("getAllChildrenNumber /t").lines == ["5"])
        #expect(await bench.run("deleteall -b 2 /t", "ls /").lines == ["[]"])
        #expect(await bench.run("deleteall /t").lines == ["! Node does not exist: /t"])
    }

    @Test func `lists of access are read, complained about and shown`() async {
        let bench = ShellBench()
        _ = await bench.run("create /a x world:anyone:r,auth:u:p:cdrwa")
        #expect(
            await bench.run("getAcl /a").lines == [
                "'world,'anyone\n: r", "'auth,'u:p\n: cdrwa",
            ])
        #expect(
            await bench.run("setAcl /a bogus").lines == [
                "! bogus does not have the form scheme:id:perm", "! Acl is not valid : null",
            ])
        #expect(
            await bench.run("setAcl -R /a world:anyone:wz", "getAcl /a").lines == [
                "! Unknown perm type: z", "'world,'anyone\n: w",
            ])
        #expect(
            await bench.run("setAcl /a world:anyone:z", "getAcl /a").lines == [
                "! Unknown perm type: z", "! Acl is not valid : null", "'world,'anyone\n: w",
            ])
    }

    @Test func `a stat is shown a field a line`() async {
        let bench = ShellBench()
        let lines = await bench.run("create -e /e abc", "stat /e").lines
        let fields = (lines.last ?? "").split(separator: "\n").map(String.init)
        #expect(fields.count == 11)
        #expect(fields.first == "cZxid = 0x10")
        #expect(fields[1].hasPrefix("ctime = ") && fields[1].hasSuffix(" 1970"))
        #expect(fields[8...] == ["ephemeralOwner = 0x1abc", "dataLength = 3", "numChildren = 0"])
    }

    @Test func `history counts from 0, and redo runs a line again`() async {
        let lines = await ShellBench().run(
            "create -s /a-", "history", "redo 0", "redo 2", "redo 99", "printwatches",
            "printwatches off", "printwatches"
        ).lines
        #expect(
            lines == [
                "! Created /a-0000000000", "0 - create -s /a-", "1 - history",
                "! Created /a-0000000001", "! 2 is itself a redo: redo 0",
                "! Command index out of range", "printwatches is on", "printwatches is off",
            ])
    }

    @Test func `a reconfig says who comes, who goes, or who is to be there`() async {
        let lines = await ShellBench().run(
            "reconfig -add server.4=H:1:2;3 -remove 1,2 -v 1f",
            "reconfig -members server.1=h:1:2;3",
            "reconfig -members a -add b", "reconfig -v x -remove 1", "reconfig -file /no/such/file"
        ).lines
        #expect(
            lines == [
                "Committed new configuration:\nserver.4=h:1:2;3 1,2 - 31",
                "Committed new configuration:\n- - server.1=h:1:2;3 -1",
                "! Can't use -add or -remove together with -file or -members",
                "! -v takes a hexadecimal version, which x is not",
                "! Error processing /no/such/file: there is no such file",
            ])
    }

    @Test func `after a close nothing is done until a connect`() async {
        let lines = await ShellBench().run("close", "ls /", "connect other:1", "ls /").lines
        #expect(lines == ["! Not connected", "[]"])
    }

    @Test func `credentials are added and shown`() async {
        let bench = ShellBench()
        let (lines, code) = await bench.run("addauth digest u:p", "whoami", "addauth bogus x")
        #expect(
            lines == [
                "Auth scheme: User", "ip: 127.0.0.1", "digest: u",
                "! KeeperErrorCode = AuthFailed",
            ])
        #expect(code == 1)
    }

    @Test func `an unexpected failure is told by its code`() async {
        let bench = ShellBench()
        bench.tree.state.withLock { $0.failure = .connectionLoss }
        #expect(
            await bench.run("get /", "sync /").lines == [
                "! KeeperErrorCode = ConnectionLoss for /", "! Sync has failed. rc=-4",
            ])
    }

    @Test func `a config becomes a line for clients`() {
        let config = """
            server.1=a:2888:3888:participant;0.0.0.0:2181
            server.2=b:2888:3888:observer;2182
            version=1a
            """
        #expect(ConfigCommand.clientLine(config) == "1a 0.0.0.0:2181,2182")
        #expect(ConfigCommand.clientLine("") == " ")
    }

    @Test func `words are completed to commands and to paths`() async {
        let bench = ShellBench()
        _ = await bench.run("create /app", "create /apple", "create /app/x")
        bench.tree.state.withLock { $0.state = .connected }
        let completer = Completer(session: bench.tree)
        #expect(
            await completer.offers(for: "get") == [
                "get", "getAcl", "getAllChildrenNumber", "getEphemerals",
            ])
        #expect(await completer.offers(for: "get /ap") == ["/app", "/apple"])
        #expect(await completer.offers(for: "get /app/") == ["/app/x"])
        #expect(await completer.offers(for: "get x") == [])
        #expect(await completer.offers(for: "get /gone/") == [])
        #expect(Completer.commonBeginning(["/app", "/apple"]) == "/app")
        #expect(Completer.commonBeginning([]) == "")
    }
}
