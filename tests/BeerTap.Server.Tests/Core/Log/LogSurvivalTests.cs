using BeerTap.Server.Core.Log;
using Xunit.Abstractions;

namespace BeerTap.Server.Tests.Core.Log;

/// <summary>
/// Random histories on a simulated disk: batches, failed writes and flushes, a full disk, kills, power cuts at any operation.
/// <c>BEERTAP_LOG_HISTORIES</c> sets how many, <c>BEERTAP_TEST_SEED</c> repeats one.
/// </summary>
public sealed class LogSurvivalTests(ITestOutputHelper output)
{
    [Fact]
    public void WhatWasAcknowledgedOrReadIsInTheLogForEver()
    {
        var histories = Faults.Setup.Number("BEERTAP_LOG_HISTORIES", 150);
        var seed = Faults.Setup.Number("BEERTAP_TEST_SEED", Environment.TickCount);
        output.WriteLine($"{histories} histories, BEERTAP_TEST_SEED={seed}");
        var (acknowledged, failed, cuts, kills) = (0, 0, 0, 0);
        for (var i = 0; i < histories; i++)
        {
            var history = new LogHistory(new Random(seed + i));
            try
            {
                history.Run();
            }
            catch (Exception ex)
            {
                throw new InvalidOperationException($"History {i}, BEERTAP_TEST_SEED={seed + i}: {ex.Message}", ex);
            }

            (acknowledged, failed) = (acknowledged + history.Acknowledged, failed + history.Failed);
            (cuts, kills) = (cuts + history.PowerCuts, kills + history.Kills);
        }

        output.WriteLine($"{acknowledged} batches acknowledged, {failed} failed, {cuts} power cuts, {kills} kills");
        Assert.True(acknowledged > 0 && failed > 0 && cuts > 0 && kills > 0);
    }

    /// <summary>One log through several lives of its process.</summary>
    private sealed class LogHistory(Random random)
    {
        // What the log must hold from now on, and the batches of which it may hold one behind that when the process ends after a failure.
        private readonly List<string> _certain = [];
        private readonly List<(string[] Bodies, long[] Redacted)> _uncertain = [];
        private SimulatedDisk _disk = new();
        private int _next;

        public int Acknowledged { get; private set; }

        public int Failed { get; private set; }

        public int PowerCuts { get; private set; }

        public int Kills { get; private set; }

        public void Run()
        {
            for (var life = 0; life < 8; life++)
            {
                try
                {
                    Live();
                    Kills++;
                    _disk.Before = (_, _) => { };
                    _disk = _disk.Kill();
                }
                catch (PowerCutException)
                {
                    PowerCuts++;
                    _disk = _disk.CutPower(random);
                }
            }
        }

        private void Live()
        {
            var cutAt = random.Next(3) == 0 ? long.MaxValue : _disk.Operations + random.Next(1, 120);
            var failures = random.Next(3) == 0 ? random.Next(1, 30) : 0;
            _disk.Before = (operation, _) =>
            {
                if (_disk.Operations >= cutAt)
                {
                    throw new PowerCutException();
                }

                if (failures > 0 && random.Next(failures) == 0 && operation != "rename")
                {
                    throw new IOException(operation, random.Next(2) == 0 ? 28 : 5);
                }
            };

            EventLog log;
            try
            {
                log = LogUnderTest.Open(_disk);
            }
            catch (IOException)
            {
                return;
            }

            var found = log.Bodies();
            foreach (var (bodies, redacted) in _uncertain)
            {
                if (found.Count == _certain.Count + bodies.Length && found[^1] == bodies[^1])
                {
                    Add(bodies, redacted);
                    break;
                }
            }

            Assert.Equal(_certain, found);
            _uncertain.Clear();
            for (var i = random.Next(60); i > 0; i--)
            {
                Append(log);
            }

            if (random.Next(3) == 0)
            {
                try
                {
                    log.Dispose();
                }
                catch (IOException)
                {
                    // The mark was not flushed; the log itself was.
                }
            }
        }

        private void Append(EventLog log)
        {
            string[] bodies =
                [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => $"c{random.Next(3)}:{_next++} {new string('x', random.Next(400))}")];

            long[] redacted = random.Next(4) == 0 && _certain.Count > 0 ? [random.Next(1, _certain.Count + 1)] : [];

            // Until the answer is there, it is not known whether a kill keeps them. All that failed is void once a later append succeeds.
            try
            {
                var batch = LogUnderTest.BatchOf(log, bodies);
                Array.ForEach(redacted, batch.Redact);
                _uncertain.Add((bodies, redacted));
                log.Append(batch);
                Add(bodies, redacted);
                _uncertain.Clear();
                Acknowledged++;
                Assert.Equal(_certain.Count, log.Head);
            }
            catch (LogException)
            {
                Failed++;
            }
        }

        private void Add(string[] bodies, long[] redacted)
        {
            _certain.AddRange(bodies);
            foreach (var number in redacted)
            {
                _certain[(int)number - 1] = "";
            }
        }
    }
}
