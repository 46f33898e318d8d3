using System.CommandLine;

namespace BeerTap.Stress;

/// <summary>One kind of load or fault and what must hold under it. The defaults of its options are the short form.</summary>
internal abstract class Scenario(string name, string promise)
{
    private readonly List<Option> _options = [];

    public string Name { get; } = name;

    public string Promise { get; } = promise;

    public Command Command()
    {
        var command = new Command(Name, Promise);
        _options.ForEach(command.Options.Add);
        return command;
    }

    public abstract Task RunAsync(ParseResult options, Verdict verdict, CancellationToken cancel);

    /// <summary>The seed that was asked for, or any; said, so that the run can be repeated.</summary>
    protected static int SeedOf(ParseResult options, Option<int> option)
    {
        var seed = options.Of(option) is 0 ? Environment.TickCount : options.Of(option);
        Verdict.Say($"--seed {seed}");
        return seed;
    }

    protected Option<int> Number(string option, string description, int otherwise)
    {
        var number = new Option<int>(option) { Description = $"{description} [default: {otherwise}]", DefaultValueFactory = _ => otherwise };
        _options.Add(number);
        return number;
    }

    protected Option<string> Words(string option, string description)
    {
        var words = new Option<string>(option) { Description = description, DefaultValueFactory = _ => "" };
        _options.Add(words);
        return words;
    }
}

internal static class ParsedOptions
{
    /// <summary>The option's value; its default in a command that does not have it.</summary>
    public static T Of<T>(this ParseResult parsed, Option<T> option) =>
        parsed.GetResult(option) is null ? option.DefaultValueFactory!(null!) : parsed.GetValue(option)!;
}
