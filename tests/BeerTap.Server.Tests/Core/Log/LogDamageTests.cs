using System.Text;
using BeerTap.Server.Core.Log;
using BeerTap.Server.Tests.Faults;
using Xunit.Abstractions;

namespace BeerTap.Server.Tests.Core.Log;

/// <summary>
/// One file of a log is cut, flipped, zeroed, swapped or deleted. The log either is refused and left as it is, or every answer is right;
/// what it cannot read it says. <c>BEERTAP_DAMAGE_CASES</c> sets how often, <c>BEERTAP_TEST_SEED</c> repeats a run.
/// </summary>
public sealed class LogDamageTests(ITestOutputHelper output)
{
    [Fact]
    public void ADamagedLogIsRefusedOrAnswersRightly()
    {
        var cases = Setup.Number("BEERTAP_DAMAGE_CASES", 200);
        var seed = Setup.Number("BEERTAP_TEST_SEED", Environment.TickCount);
        output.WriteLine($"{cases} cases, BEERTAP_TEST_SEED={seed}");
        var random = new Random(seed);
        var (sound, all) = (new SimulatedDisk(), new List<string>());
        using (var log = LogUnderTest.Open(sound))
        {
            for (var i = 0; i < 300; i++)
            {
                string[] bodies = [.. Enumerable.Range(0, random.Next(1, 4)).Select(j => $"c{random.Next(3)}:w{i % 7} {i}.{j}")];
                log.Append(bodies);
                all.AddRange(bodies);
            }
        }

        var (refused, partly, whole) = (0, 0, 0);
        for (var i = 0; i < cases; i++)
        {
            var disk = sound.Copy();
            var damage = Damage(disk, random);
            try
            {
                var before = disk.List().ToDictionary(name => name, name => (byte[])disk.BytesOf(name).Clone());
                EventLog log;
                try
                {
                    log = LogUnderTest.Open(disk);
                }
                catch (LogException refusal)
                {
                    Assert.Equal(LogFault.Damaged, refusal.Fault);
                    Assert.Equal(before, disk.List().ToDictionary(name => name, name => disk.BytesOf(name)));
                    refused++;
                    continue;
                }

                if (Unreadable(log, all) > 0)
                {
                    partly++;
                }
                else
                {
                    whole++;
                }
            }
            catch (Exception ex)
            {
                throw new InvalidOperationException($"case {i}, {damage}: {ex.Message}", ex);
            }
        }

        output.WriteLine($"{refused} refused at start, {partly} could not read all, {whole} answered everything");
        Assert.True(cases < 100 || (refused > 0 && partly > 0 && whole > 0));
    }

    private static string Damage(SimulatedDisk disk, Random random)
    {
        var names = disk.List().Order(StringComparer.Ordinal).ToArray();
        var name = names[random.Next(names.Length)];
        var bytes = disk.BytesOf(name);
        switch (random.Next(6))
        {
            case 0:
                disk.Delete(name);
                return $"{name} deleted";
            case 1:
                var length = random.Next(bytes.Length);
                disk.Replace(name, bytes[..length]);
                return $"{name} cut to {length} of {bytes.Length} bytes";
            case 2:
                var start = random.Next(bytes.Length) / 512 * 512;
                bytes.AsSpan(start, Math.Min(512, bytes.Length - start)).Clear();
                return $"{name}: zeros from {start}";
            case 3:
                var other = names[random.Next(names.Length)];
                disk.Replace(name, (byte[])disk.BytesOf(other).Clone());
                return $"{name} replaced by {other}";
            default:
                var at = random.Next(bytes.Length);
                bytes[at] ^= (byte)(1 << random.Next(8));
                return $"{name}: a bit flipped at {at} of {bytes.Length}";
        }
    }

    /// <summary>Reads everything in every way, and checks what is read.</summary>
    /// <returns>How many reads said that they cannot.</returns>
    private static int Unreadable(EventLog log, List<string> all)
    {
        var unreadable = 0;
        Assert.Equal(all.Count, log.Head);
        for (var number = 1; number <= all.Count; number += 3)
        {
            Try(() => Assert.Equal(all[number - 1], LogUnderTest.TextOf(log.Find(number)!.Value)));
            Try(() => Assert.Equal(number, log.FindKey(LogUnderTest.KeyOf(all[number - 1]))?.Number));
        }

        for (var channel = 0; channel < 3; channel++)
        {
            var expected = all.Where(body => body.StartsWith($"c{channel}:", StringComparison.Ordinal)).ToList();
            for (var after = 0; after < expected.Count; after += 11)
            {
                Try(() =>
                {
                    var entries = new List<LogEntry>();
                    log.ReadChannel(Encoding.UTF8.GetBytes($"c{channel}"), after, 1, 4096, entries);
                    Assert.Equal(expected[after], LogUnderTest.TextOf(entries.Single()));
                });
            }
        }

        for (var word = 0; word < 7; word++)
        {
            Try(() =>
            {
                var entries = new List<LogEntry>();
                log.ReadTerm(Encoding.UTF8.GetBytes($"w{word}"), long.MaxValue, int.MaxValue, entries);
                Assert.Equal(
                    all.Where(body => body.Contains($":w{word} ", StringComparison.Ordinal)).Reverse(), entries.Select(LogUnderTest.TextOf));
            });
        }

        return unreadable;

        void Try(Action read)
        {
            try
            {
                read();
            }
            catch (LogException ex)
            {
                Assert.Equal(LogFault.Damaged, ex.Fault);
                unreadable++;
            }
        }
    }
}
