export type Colour = "plain" | "yellow" | "blue";

export interface Note {
  id: number;
  title: string;
  body: string;
  tags: string[];
  pinned: boolean;
  colour: Colour;
}

export interface Query {
  tag?: string;
  word?: string;
}
