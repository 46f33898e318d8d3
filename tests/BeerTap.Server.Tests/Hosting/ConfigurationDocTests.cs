using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using BeerTap.Server.Beers;
using BeerTap.Server.Hosting;

namespace BeerTap.Server.Tests.Hosting;

/// <summary>The reference in <c>docs/configuration.md</c> says what the options classes say: every setting, its default, its bounds and what it means.</summary>
public sealed partial class ConfigurationDocTests
{
    private static readonly XDocument Comments = XDocument.Load(Path.Combine(AppContext.BaseDirectory, "BeerTap.Server.xml"));

    [Fact]
    public async Task TheReferenceSaysWhatTheCodeSays()
    {
        var file = Documents.File("configuration.md");
        var text = await File.ReadAllTextAsync(file);
        var (begin, end) = (text.IndexOf('\n', text.IndexOf("<!-- Begin", StringComparison.Ordinal)) + 1, text.IndexOf("<!-- End -->", StringComparison.Ordinal));
        var written = Written();
        if (Environment.GetEnvironmentVariable("BEERTAP_WRITE_DOCS") == "1") await File.WriteAllTextAsync(file, text[..begin] + written + text[end..]);
        else Assert.Equal(written, text[begin..end]);
    }

    [Fact]
    public void EverySectionIsASettingOfTheHub()
    {
        var sections = typeof(Settings).Assembly.GetTypes().Where(type => type.GetField("Section") is not null);
        Assert.Equal(sections.OrderBy(type => type.Name), OptionsOfTheHub().OrderBy(type => type.Name));
    }

    [Fact]
    public async Task WhatTheReadmeSaysOfSettingsIsInTheReference()
    {
        var reference = await File.ReadAllTextAsync(Documents.File("configuration.md"));
        var readme = await File.ReadAllTextAsync(Path.Combine(Documents.Root, "README.md"));
        string[] names = [.. SettingName().Matches(readme).Select(match => match.Value).Distinct()];
        Assert.NotEmpty(names);
        Assert.All(names, name => Assert.Contains(name, reference, StringComparison.Ordinal));
    }

    private static IEnumerable<Type> OptionsOfTheHub() => typeof(Settings).GetProperties().Select(property => property.PropertyType).Where(type => type.GetField("Section") is not null);

    private static string Written()
    {
        var text = new StringBuilder();
        foreach (var type in OptionsOfTheHub().OrderBy(Section, StringComparer.Ordinal))
        {
            text.Append(CultureInfo.InvariantCulture, $"\n## {Section(type)}\n\n{Summary($"T:{type.FullName}")}\n\n| Setting | Default | Allowed | Meaning |\n|---|---|---|---|\n");
            var options = Activator.CreateInstance(type)!;
            foreach (var property in type.GetProperties().Where(property => property.CanWrite))
                text.Append(CultureInfo.InvariantCulture, $"| `{Section(type)}:{property.Name}` | {Shown(property.GetValue(options))} | {Allowed(property)} | {Summary($"P:{type.FullName}.{property.Name}")} |\n");
        }

        text.Append("\n## Glasses\n\nThe glass types, smallest first: a list, `Glasses:0:Name`, `Glasses:0:From` and so on. At a shared edge the smaller glass wins. By default:\n\n| Name | From (ml) | To (ml) |\n|---|---|---|\n");
        var glasses = (GlassOptions[])typeof(GlassTypes).GetField("_glasses", BindingFlags.NonPublic | BindingFlags.Instance)!.GetValue(new GlassTypes([]))!;
        foreach (var glass in glasses) text.Append(CultureInfo.InvariantCulture, $"| `{glass.Name}` | {glass.From} | {glass.To} |\n");
        text.Append("\n| Setting | Meaning |\n|---|---|\n");
        foreach (var property in typeof(GlassOptions).GetProperties()) text.Append(CultureInfo.InvariantCulture, $"| `Glasses:N:{property.Name}` | {Summary($"P:{typeof(GlassOptions).FullName}.{property.Name}")} |\n");
        return text.Append('\n').ToString();
    }

    private static string Section(Type type) => (string)type.GetField("Section")!.GetValue(null)!;

    private static string Shown(object? value) => value switch
    {
        null or "" or Array { Length: 0 } => "none",
        bool on => on ? "`true`" : "`false`",
        TimeSpan time => $"`{time.ToString("c", CultureInfo.InvariantCulture)}`",
        Enum name when name.GetType().Namespace!.StartsWith("BeerTap", StringComparison.Ordinal) => $"`{name.ToString().ToLowerInvariant()}`",
        IFormattable number => $"`{number.ToString(null, CultureInfo.InvariantCulture)}`",
        _ => $"`{value}`",
    };

    private static string Allowed(PropertyInfo property)
    {
        if (property.GetCustomAttribute<RangeAttribute>() is { } range)
        {
            var (least, most) = (Bound(range.Minimum), Bound(range.Maximum));
            return most == Bound((double)long.MaxValue) ? $"{least} or more" : $"{least} to {most}";
        }

        if (property.PropertyType.IsEnum) return string.Join(", ", Enum.GetNames(property.PropertyType).Select(name => $"`{(property.PropertyType.Namespace!.StartsWith("BeerTap", StringComparison.Ordinal) ? name.ToLowerInvariant() : name)}`"));
        if (property.GetCustomAttribute<RegularExpressionAttribute>() is { } pattern) return string.Join(", ", pattern.Pattern.Replace("(?i)", "", StringComparison.Ordinal).Split('|', StringSplitOptions.RemoveEmptyEntries).Select(name => $"`{name}`"));
        return property.PropertyType == typeof(bool) ? "`true`, `false`" : property.PropertyType == typeof(string[]) ? "a list" : "text";
    }

    private static string Bound(object bound) => bound is string time ? TimeSpan.Parse(time, CultureInfo.InvariantCulture).ToString("c", CultureInfo.InvariantCulture) : ((IFormattable)bound).ToString(null, CultureInfo.InvariantCulture);

    private static string Summary(string member)
    {
        var summary = Comments.Descendants("member").Single(one => (string?)one.Attribute("name") == member).Element("summary")!;
        var words = string.Concat(summary.Nodes().Select(node => node is XElement { Name.LocalName: "c" } code ? $"`{code.Value}`" : node is XElement { Name.LocalName: "see" } see ? $"`{((string)see.Attribute("cref")!).Split('.')[^1]}`" : ((XText)node).Value));
        return Spaces().Replace(words, " ").Trim().Replace("|", "\\|", StringComparison.Ordinal);
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();

    [GeneratedRegex(@"\b(Storage|Intake|Live|Reports|Limits|Logging|Security|Health|Telemetry)(:[A-Z][A-Za-z]+)+")]
    private static partial Regex SettingName();
}
